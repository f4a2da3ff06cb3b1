"""From an HMS folder to batches: segments, folds, array store, augmentation."""
