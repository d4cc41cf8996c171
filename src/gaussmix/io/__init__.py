"""Reading and writing: tables of data, and model files."""
