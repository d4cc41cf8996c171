"""From rows to a fitted mixture: in one go, block by block, or at several sites."""
