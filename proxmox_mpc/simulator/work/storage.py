"""Volumes that come and go: removals, uploaded and downloaded files, backups that are not kept."""

from __future__ import annotations

from proxmox_mpc.simulator.disks import format_size
from proxmox_mpc.simulator.errors import TaskError
from proxmox_mpc.simulator.metering import storage_space
from proxmox_mpc.simulator.pruning import marks, read_keep
from proxmox_mpc.simulator.storages import volume_path
from proxmox_mpc.simulator.tasks import Work, Worker
from proxmox_mpc.simulator.world import Storage, Volume

_FORMATS = {".tar.zst": "tzst", ".tar.xz": "txz", ".tar.gz": "tgz", ".tar.bz2": "tbz2"}
_BYTES_A_SECOND = 200 << 20


def _remove(work: Work) -> None:
    volume = work.world.volume(work.text("volid"), work.task.node)
    if volume is None:
        raise TaskError(f"volume '{work.text('volid')}' does not exist")
    work.world.drop_volume(volume)
    work.log(f"Removed volume '{volume.volid}'")


def _file(work: Work) -> tuple[Storage, Volume]:
    """Return the storage and the volume that a file will be."""
    storage = work.world.storages.get(work.text("storage"))
    if storage is None or not storage.active:
        raise TaskError(f"storage '{work.text('storage')}' is not online")
    name, content = work.text("filename"), work.text("content")
    form = next((form for ending, form in _FORMATS.items() if name.endswith(ending)), name.rsplit(".", 1)[-1].lower())
    volid = f"{storage.name}:{content}/{name}"
    where, size = "" if storage.shared else work.task.node, work.number("size")
    return storage, Volume(volid, where, content, form, size, int(work.task.start), used=size)


def _take_time(work: Work) -> None:
    work.job["seconds"] = 0.5 + work.number("size") / _BYTES_A_SECOND


def _has_room(work: Work, storage: Storage, size: int) -> bool:
    total, _, avail = storage_space(work.world, storage, work.task.node)
    return not total or size <= avail


def _check_sum(work: Work, what: str) -> None:
    if not work.text("expected"):
        return
    work.log(f"calculating checksum...{'OK, checksum verified' if _fits(work) else ''}")
    if not _fits(work):
        raise TaskError(f"{what}: checksum mismatch: got '{work.text('actual')}' != expect '{work.text('expected')}'")


def _fits(work: Work) -> bool:
    return work.text("actual") == work.text("expected")


def _copy(work: Work) -> None:
    """Copy an uploaded file to its storage, over one of the same name."""
    storage, volume = _file(work)
    path = volume_path(storage, volume)
    work.log("starting file import from: /var/tmp/pveupload-0123456789abcdef")
    _check_sum(work, "error")
    size = format_size(volume.size)
    work.log(f"target node: {work.task.node}", f"target file: {path}", f"file size is: {size}")
    if not _has_room(work, storage, volume.size):
        work.log(f"cp: error writing '{path}': No space left on device")
        raise TaskError(f"import failed: command '/bin/cp -- /var/tmp/pveupload {path}' failed: exit code 1")
    work.world.add_volume(volume)
    work.log("finished file import successfully")


def _download(work: Work) -> None:
    """Download a file; one that is there already is kept when its checksum is right."""
    storage, volume = _file(work)
    path, url = volume_path(storage, volume), work.text("url")
    work.log(f"downloading {url} to {path}")
    if work.world.volume(volume.volid, work.task.node) is not None:
        if work.text("expected") and not _fits(work):
            raise TaskError(f"existing file has wrong checksum '{work.text('actual')}' != '{work.text('expected')}'")
        work.log("file already exists, no need to download")
        return
    problem = work.text("problem")
    if not problem and not _has_room(work, storage, volume.size):
        problem = f"Cannot write to '{path}.tmp_dwnl' (No space left on device)."
    if problem:
        work.log(f"ERROR {problem}")
        raise TaskError(f"download failed: {problem}")
    work.log("100%")
    _check_sum(work, "download failed")
    work.world.add_volume(volume)
    work.log(f"download of '{url}' to '{path}' finished")


def _prune(work: Work) -> None:
    """Remove the backups that the retention does not keep."""
    volids = work.job.get("volids")
    found = [work.world.volume(str(volid), work.task.node) for volid in (volids if isinstance(volids, list) else [])]
    backups = [backup for backup in found if backup is not None]
    for volid, mark in marks(backups, read_keep(work.text("keep"))).items():
        volume = work.world.volume(volid, work.task.node)
        if mark == "remove" and volume is not None:
            work.world.drop_volume(volume)
            work.log(f"removing backup '{volid}'")
        else:
            work.log(f"keeping backup '{volid}'{' (protected)' if mark == 'protected' else ''}")


WORKERS = {
    "imgdel": Worker(_remove, seconds=0.5),
    "imgcopy": Worker(_copy, _take_time),
    "download": Worker(_download, _take_time),
    "prunebackups": Worker(_prune, seconds=1.0),
}
