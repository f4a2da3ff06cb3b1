"""The paper's section 4, from files alone: no torch and no model in here."""
