"""Sets of histories, the tables and models that are compared on them, and their scores."""
