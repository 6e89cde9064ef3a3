"""The shape of the status page."""

from __future__ import annotations

from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.services.health import PROBLEM_FIELDS, VERDICTS

FULL_FIELDS = (
    Field("storage", "string", "the storage; root file system: a node's own"),
    Field("node", "string?", "the node; null for a shared storage"),
    Field("type", "string?", "its type; null for a root file system"),
    Field("total", "integer?", "its size", unit="bytes"),
    Field("used", "integer?", "in use", unit="bytes"),
    Field("used_fraction", "number?", "part of it in use", unit="fraction", title="USE"),
)

STATUS_PAGE = item(
    Field("health", "string", "the verdict: the worst level among the problems", choices=VERDICTS),
    Field("time", "time", "when it was looked at"),
    Field("source", "string", "server, or database with --offline", choices=("server", "database")),
    Field("problems", "rows", "what is wrong, the worst first", fields=PROBLEM_FIELDS),
    Field(
        "unread",
        "rows",
        "what could not be read, and why",
        title="Not read",
        fields=(Field("part", "string", "what"), Field("reason", "string", "why")),
    ),
    Field(
        "cluster",
        "object?",
        "the cluster; null where it could not be read",
        fields=(
            Field("name", "string?", "its name; null for a node that stands alone"),
            Field("quorate", "boolean?", "whether more than half of the votes are there; null without a cluster"),
            Field("version", "string?", "release of Proxmox VE"),
            Field("supported", "boolean?", "whether pmpc supports that release"),
            Field("nodes_total", "integer", "its nodes"),
            Field("nodes_online", "integer", "those that answer"),
        ),
    ),
    Field(
        "nodes",
        "rows?",
        "the nodes",
        fields=(
            Field("node", "string", "the node"),
            Field("status", "string", "online, offline or unknown"),
            Field("cpu", "number?", "use of its CPUs", unit="fraction"),
            Field("memory_fraction", "number?", "part of its memory in use", unit="fraction", title="MEMORY"),
            Field("disk_fraction", "number?", "part of its root file system in use", unit="fraction", title="DISK"),
            Field("uptime", "integer?", "time since it booted", unit="seconds"),
            Field("guests_running", "integer", "guests that run on it", title="RUNNING"),
        ),
    ),
    Field(
        "guests",
        "object?",
        "guests by state, templates apart",
        fields=(
            Field("total", "integer", "guests, without templates"),
            Field("running", "integer", "running"),
            Field("stopped", "integer", "stopped"),
            Field("paused", "integer", "paused or suspended"),
            Field("unknown", "integer", "of unknown state"),
            Field("templates", "integer", "templates"),
            Field("locked", "list", "those that are locked, with the lock"),
            Field("ha_error", "list", "those that high availability gave up on"),
        ),
    ),
    Field(
        "full", "rows?", "storages and root file systems above the threshold", title="Nearly full", fields=FULL_FIELDS
    ),
    Field(
        "inactive", "rows?", "storages that should be active and are not", title="Not active", fields=FULL_FIELDS[:3]
    ),
    Field(
        "failed_tasks",
        "rows?",
        "tasks that failed in the last day",
        fields=(
            Field("started", "time?", "when it began"),
            Field("node", "string", "the node"),
            Field("type", "string", "what it did"),
            Field("id", "string?", "what it worked on"),
            Field("user", "string", "who started it"),
            Field("exitstatus", "string?", "why it failed", title="RESULT"),
            Field("upid", "string", "the task's id", level="data"),
        ),
    ),
    Field(
        "certificates",
        "rows?",
        "the certificate of each node that expires first",
        fields=(
            Field("node", "string", "the node"),
            Field("filename", "string", "the certificate's file"),
            Field("valid_until", "time?", "end of its validity"),
            Field("days_left", "integer?", "whole days until it expires"),
        ),
    ),
    Field(
        "backups",
        "object?",
        "how guests are backed up",
        fields=(
            Field("jobs", "integer?", "backup jobs that are enabled"),
            Field("not_covered", "list", "guests in no job, without templates"),
        ),
    ),
    Field(
        "failing_replication",
        "rows?",
        "replication jobs whose last runs failed",
        fields=(
            Field("id", "string", "the job"),
            Field("source", "string?", "the node the guest is on"),
            Field("target", "string", "the node it is copied to"),
            Field("last_sync", "time?", "the last run that succeeded"),
            Field("failures", "integer?", "runs that failed since"),
            Field("error", "string?", "why"),
        ),
    ),
    Field(
        "workspace",
        "object?",
        "the workspace; null without one",
        fields=(Field("name", "string?", "its name"), Field("path", "string", "where it is")),
    ),
    Field(
        "database",
        "object?",
        "the database of recorded state",
        fields=(
            Field("path", "string", "where it is"),
            Field("exists", "boolean", "whether there is one"),
            Field("size", "integer", "its size", unit="bytes"),
            Field("last_pull", "time?", "when the cluster was last pulled"),
            Field("age", "integer?", "time since then", unit="seconds"),
            Field("last_outcome", "string?", "how that pull ended"),
            Field("last_failure", "string?", "why a later pull failed"),
            Field("guests", "integer", "guests in it"),
            Field("stale", "integer", "recorded objects that the last pull could not confirm"),
            Field("error", "string?", "what is wrong with it"),
            Field("hint", "string?", "what to do about it", level="data"),
        ),
    ),
    doc="The state of cluster, workspace and database at a glance.",
)
