"""Simulated patients, so that the product works where no patient data may go."""
