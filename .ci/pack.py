"""Packs a folder, so that the same content gives the same bytes: pack.py FOLDER ARCHIVE SECONDS_SINCE_1970

An archive with the name `….zip` is one of ZIP, any other one is one of tar with gzip.
"""

import gzip
import os
import pathlib
import sys
import tarfile
import time
import zipfile

folder, archive, moment = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])


def plain(entry):
    """Without the owner and the time of this machine."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = moment
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry


paths = [folder, *sorted(folder.rglob("*"))]
if archive.endswith(".zip"):
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in paths:
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), time.gmtime(moment)[:6])
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, path.read_bytes())
else:
    with open(archive, "wb") as file, gzip.GzipFile("", "wb", 9, file, moment) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path in paths:
                name = os.path.relpath(path, folder.parent)
                tar.add(path, name, recursive=False, filter=plain)
