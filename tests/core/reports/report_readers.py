"""What PDFs and workbooks say, read by a few lines of their own."""

import base64
import io
import re
import zipfile
import zlib
from xml.etree import ElementTree as Xml


def pages(content: bytes) -> list[str]:
    """What is written on each page, in order."""
    found = []
    for stream in re.findall(rb"/ASCII85Decode /FlateDecode.*?stream\r?\n(.*?)~>endstream", content, re.DOTALL):
        drawn = zlib.decompress(base64.a85decode(stream)).decode("latin-1")
        if "BT" in drawn:
            found.append(" ".join(re.findall(r"\((.*?)\) Tj", drawn)))
    return found


NS = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def opened(content: bytes, sheet: int = 1):
    """A sheet's XML and the texts it refers to."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    texts = ["".join(one.itertext()) for one in Xml.fromstring(archive.read("xl/sharedStrings.xml"))]
    return Xml.fromstring(archive.read(f"xl/worksheets/sheet{sheet}.xml")), texts


def cells(content: bytes, sheet: int = 1):
    """What each cell holds, with its type: "s" is text, None a number."""
    root, texts = opened(content, sheet)
    found = {}
    for cell in root.iterfind(".//x:c", NS):
        value = cell.find("x:v", NS)
        if value is not None:
            kind = cell.get("t")
            found[cell.get("r")] = (kind, texts[int(value.text)] if kind == "s" else float(value.text))
    return found
