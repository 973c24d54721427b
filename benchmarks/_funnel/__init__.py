"""Funnels: tables with a step that only some rows reach, and models for them."""
