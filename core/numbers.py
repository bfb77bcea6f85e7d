"""Numbers that come as text from addresses and forms."""


def is_number(text: str) -> bool:
    """Whether the text is a whole number that a database column holds; "²" and forty digits are none."""
    return text.isascii() and text.isdigit() and len(text) < 19
