"""The one door to WeasyPrint, with a fetcher that reads nothing from disk or network."""


class PdfUnavailable(Exception):
    """The system libraries are missing; the message names the packages."""


def render_pdf(markup: str) -> bytes:
    """Return the PDF of an HTML document; only data: addresses inside it are followed.

    Raises PdfUnavailable where Pango is not installed. Call it from a subscriber, not in a transaction.
    """
    try:
        import weasyprint
        from weasyprint.urls import URLFetcher
    except OSError as error:
        raise PdfUnavailable(
            "PDF needs Pango. On Debian or Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0 "
            "libharfbuzz-subset0. On macOS: brew install pango."
        ) from error
    document = weasyprint.HTML(string=markup, url_fetcher=URLFetcher(allowed_protocols={"data"}))
    return bytes(document.write_pdf())
