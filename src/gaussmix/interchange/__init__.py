"""What is kept in files: models, and fits that go on."""
