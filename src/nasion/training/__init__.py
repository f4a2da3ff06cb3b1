"""The paper's sections 3.1.2 to 3.3: losses, one fit, cross-validation."""
