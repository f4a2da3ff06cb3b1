"""What `import nasion` gives: models, readings and the verbs, for scripts and notebooks."""
