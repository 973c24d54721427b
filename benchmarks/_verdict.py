"""Wording of targets in reports."""

from __future__ import annotations


def line(reached: bool, text: str) -> str:
    return f"{'REACHED' if reached else 'MISSED'}: {text}"
