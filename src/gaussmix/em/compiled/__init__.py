"""Small fits from their start to their end in one call: where a step costs calls, not arithmetic.

It is the EM of `em.loop`, for models whose M-step is a division; whatever is not plain (a
covariance at the floor, a component without rows, an E-step that needs another form) is left to
that.  The laws of one are those of the other, and tests hold them together.
"""
