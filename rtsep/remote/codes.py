"""A link as a QR code: for a terminal, and for a page that draws it."""

from __future__ import annotations

import io

import segno

BORDER = 2


def code_text(link: str) -> str:
    """Half blocks, light ones drawn: for white letters on black."""
    out = io.StringIO()
    segno.make_qr(link).terminal(out, border=BORDER, compact=True)
    return out.getvalue().rstrip("\n")


def code_rows(link: str) -> list[str]:
    """A row of 0 and 1 each, 1 is dark."""
    rows = segno.make_qr(link).matrix_iter(border=BORDER)
    return ["".join(str(int(dark)) for dark in row) for row in rows]
