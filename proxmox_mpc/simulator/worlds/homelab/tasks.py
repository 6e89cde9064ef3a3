"""The homelab's past: tasks that went well, ended in warnings, or failed; and the cluster log of them."""

from __future__ import annotations

from proxmox_mpc.simulator.worlds.builder import DAY, HOUR, Builder


def add_tasks(build: Builder) -> None:
    """Add finished tasks, the latest ten minutes ago, and their lines in the cluster log."""
    _guests(build)
    _backups(build)
    _nodes(build)
    build.say("pve1", 61 * DAY, "root", "starting cluster log", tag="cluster")
    for task in sorted(build.world.tasks.values(), key=lambda task: task.starttime):
        age = build.now - task.starttime
        if age > 30 * DAY:
            continue
        build.say(task.node, age, task.user, f"starting task {task.upid}")
        ended, good = build.now - (task.endtime or task.starttime), task.exitstatus == "OK"
        build.say(task.node, ended, task.user, f"end task {task.upid} {task.exitstatus}", priority=6 if good else 3)
    build.say("pve2", 2 * HOUR, "root@pam", "successful auth for user 'root@pam'")
    build.say("pve1", HOUR, "zoe@pve", "authentication failure; rhost=::ffff:10.10.30.17 user=zoe@pve", priority=4)
    build.world.log.sort(key=lambda row: int(str(row["time"])))


def _guests(build: Builder) -> None:
    zoe, root, bob = "zoe@pve", "root@pam", "bob@pve"
    build.task("pve1", "qmstart", 100, root, 61 * DAY + 4 * HOUR, took=4)
    build.task("pve1", "qmsnapshot", 101, zoe, 6 * DAY, took=19, log=["saving VM state and RAM using storage 'nas'"])
    build.task("pve2", "qmclone", 9000, zoe, 40 * DAY, took=3, log=["create linked clone of drive scsi0"])
    build.task("pve3", "qmdelsnapshot", 108, zoe, 3 * DAY, took=1807, end="unexpected status")
    build.task(
        "pve1", "qmstart", 103, bob, 2 * DAY, took=3,
        end="start failed: QEMU exited with code 1",
        log=["kvm: -drive file=/dev/pve/vm-103-disk-2: Could not open '/dev/pve/vm-103-disk-2': No such file"],
    )  # fmt: skip
    build.task(
        "pve2", "qmigrate", 109, zoe, DAY + 3 * HOUR, took=2, end="migration aborted",
        log=["starting migration of VM 109 to node 'pve1' (10.10.0.11)",
             "ERROR: Cannot migrate VM with local resources: hostpci0"],
    )  # fmt: skip
    build.task("pve2", "hamigrate", 101, zoe, 23 * DAY + 8 * HOUR, took=1)
    build.task(
        "pve2", "qmigrate", 101, root, 23 * DAY + 8 * HOUR - 12, took=48,
        log=["starting migration of VM 101 to node 'pve1' (10.10.40.11)", "migration finished successfully"],
    )  # fmt: skip
    build.task("pve3", "vzstart", 202, root, 2 * DAY, took=5, end="WARNINGS: 1",
               log=["WARN: Systemd 257 detected. You may need to enable nesting."])  # fmt: skip
    build.task("pve1", "vncproxy", 101, f"{zoe}!ci", 5 * HOUR, took=61, end="connection timed out")
    build.task("pve2", "qmsuspend", 109, bob, 5 * HOUR - 300, took=1)
    build.task(
        "pve1", "qmconfig", 101, zoe, 4 * HOUR, took=1, log=["update VM 101: -cores 4 -delete balloon -memory 8192"]
    )


def _backups(build: Builder) -> None:
    root = "root@pam"
    for day in range(3):
        lines = ["INFO: starting new backup job: vzdump --pool prod --storage pbs --mode snapshot",
                 "INFO: Starting Backup of VM 101 (qemu)", "INFO: Finished Backup of VM 101 (00:02:41)"]  # fmt: skip
        build.task(
            "pve1", "vzdump", 101, root, day * DAY + 17 * HOUR, took=161, log=[*lines, "INFO: Backup job finished"]
        )
        failed = day == 1
        ends = "job errors" if failed else "OK"
        more = ["INFO: Starting Backup of VM 102 (qemu)", "INFO: Finished Backup of VM 102 (00:11:02)",
                "ERROR: Backup of VM 104 failed - VM is locked (snapshot)" if failed
                else "INFO: Finished Backup of VM 104 (00:01:10)"]  # fmt: skip
        build.task("pve2", "vzdump", "", root, day * DAY + 17 * HOUR, took=733, end=ends, log=more)
    build.task("pve3", "vzdump", 202, root, 96 * DAY, took=420, end="WARNINGS: 2",
               log=["WARN: storage 'nas-backup' is 92% full", "WARN: fs-freeze failed, continuing"])  # fmt: skip
    build.task("pve2", "garbage_collection", "pbs", root, 7 * DAY, took=90)


def _nodes(build: Builder) -> None:
    for node in build.world.nodes:
        broken = node == "pve3"
        build.task(node, "aptupdate", "", "root@pam", 9 * HOUR, took=6,
                   end="command 'apt-get update' failed: exit code 100" if broken else "OK")  # fmt: skip
    build.task("pve1", "srvreload", "networking", "root@pam", 30 * DAY, took=3)
    build.task(
        "pve1", "imgcopy", "", "zoe@pve", 33 * DAY, took=55, log=["target file: /mnt/pve/nas/template/iso/x.iso"]
    )
    build.task("pve1", "download", "debian-13.1.0-amd64-netinst.iso", "zoe@pve", 90 * DAY, took=71)
    build.task("pve3", "startall", "", "root@pam", 2 * DAY, took=20, log=["Starting CT 202", "Starting VM 107"])
    build.task("pve2", "srvstart", "chrony", "zoe@pve!ci", 600, took=1)
