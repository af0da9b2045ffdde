"""Whether a folder is a place for run files: a local disk is; a network drive is not, a synchronised folder hardly.

A run file is written through a shared-memory log that only processes of one machine can share (SQLite, "Write-Ahead
Logging", section 1), and locks on network drives are often not what they seem. A program that synchronises a folder may
copy a file in the middle of a commit: what it copies is worthless, though the original is not.
"""

from pathlib import Path

import psutil

from acquisition.errors import InputError

NETWORK_FILE_SYSTEMS = frozenset(
    {"9p", "afpfs", "afs", "cifs", "davfs", "ncpfs", "nfs", "nfs3", "nfs4", "smb2", "smb3", "smbfs", "webdav"}
    | {"fuse.davfs2", "fuse.rclone", "fuse.sshfs"}
)
SYNCHRONISED = (
    "dropbox",
    "google drive",
    "googledrive",
    "icloud",
    "mobile documents",
    "nextcloud",
    "onedrive",
    "owncloud",
)
"""How folders begin that such programs make."""


def refuse_network_drive(folder: Path) -> None:
    """Refuse a folder on a network drive; it need not exist yet.

    Raises
    ------
    InputError
        If it is on one.
    """
    if kind := _network_file_system(folder.absolute()):
        raise InputError(
            f"{folder}: is on a network drive ({kind}), where a run file can be lost; name a local folder with "
            "--out, and copy the file when the run has ended"
        )


def synchronised_by(folder: Path) -> str:
    """Return the part of a path that a synchronising program has made; empty if there is none."""
    parts = folder.absolute().parts
    return next((part for part in parts if part.lower().startswith(SYNCHRONISED)), "")


def _network_file_system(folder: Path) -> str:
    """Return the kind of network drive that a folder is on; empty for a local disk, or where nobody can tell."""
    try:
        partitions = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        return ""
    above = [one for one in partitions if folder.is_relative_to(one.mountpoint)]
    nearest = max(above, key=lambda one: len(Path(one.mountpoint).parts), default=None)
    if nearest is None:
        return ""
    is_remote = nearest.fstype.lower() in NETWORK_FILE_SYSTEMS or "remote" in nearest.opts.split(",")
    return (nearest.fstype or "remote") if is_remote else ""
