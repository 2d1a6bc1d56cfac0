"""A finger on the sheets of the page."""

from __future__ import annotations

from page_support import Phone
from playwright.sync_api import Locator

# Of what is open below or beside the strips, what a finger would not meet, where all of it should.
COVERED = """selector => [...document.querySelectorAll(selector)]
  .filter(one => one.getClientRects().length)
  .filter(one => { const box = one.getBoundingClientRect();
    const at = (x, y) =>
      document.elementFromPoint(box.left + x * box.width, box.top + y * box.height);
    return ![[0.5, 0.5], [0.06, 0.1], [0.94, 0.9]].every(([x, y]) => one.contains(at(x, y))); })
  .map(one => one.ariaLabel || one.textContent)"""


def open_sheet(phone: Phone, strip: int) -> Locator:
    """Of that strip, counted from 0; its sheet."""
    phone.page.locator(".strip .name").nth(strip).tap()
    sheet = phone.page.locator(f"#sheet-{strip}")
    sheet.wait_for(state="visible")
    return sheet


def middle(found: Locator) -> tuple[float, float]:
    box = found.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def slide(phone: Phone, name: str) -> Locator:
    return phone.page.locator(f"[role=slider][aria-label='{name}']")


def text_of(phone: Phone, name: str) -> str:
    """What a slider says, with plain signs."""
    text = slide(phone, name).get_attribute("aria-valuetext") or ""
    plain = {"\u2212": "-", "\u2011": "-", "\u00a0": " ", "\u221e": "inf"}
    return "".join(plain.get(sign, sign) for sign in text)


def said(phone: Phone, strip: int) -> str:
    """What a strip says is on in its sheet."""
    name = phone.page.locator(".strip .name").nth(strip).get_attribute("aria-label") or ""
    return name.replace("\u2212", "-").replace("\u2011", "-").replace("\u00a0", " ")
