"""Packs a folder, so that the same content gives the same bytes: pack.py FOLDER ARCHIVE SECONDS_SINCE_1970"""

import gzip
import os
import pathlib
import sys
import tarfile

folder, archive, moment = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])


def plain(entry):
    """Without the owner and the time of this machine."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = moment
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry


with open(archive, "wb") as file, gzip.GzipFile("", "wb", 9, file, moment) as packed:
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in [folder, *sorted(folder.rglob("*"))]:
            name = os.path.relpath(path, folder.parent)
            tar.add(path, name, recursive=False, filter=plain)
