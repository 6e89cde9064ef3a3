"""Texts and manifests as people, editors and servers write them."""

from __future__ import annotations

from hypothesis import strategies as st

AWKWARD = (
    *("yes", "no", "on", "Off", "y", "null", "~", "true", "False", "NULL", "12:30", "010", "1e3", "0x1F", "0o17"),
    *("1_000", "-1", "+1", "1.50", ".5", "5.", ".inf", "-.NaN", "2026-01-31", "2026-01-31T12:00:00Z"),
    *("00:11:22:33:44:55", "=", "<<", "", " ", " lead", "trail ", "a: b", "a:", "a #b", "#a", "- a", "-", "?"),
    *("? a", ":", "[a]", "{a: b}", "a, b", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "'a'", '"a"', "it's"),
    *('say "x"', "back\\slash", "---", "...", "--- a", "tab\there", "${x}", "$${x}", "$$${x}", "${", "$", "a${b}c"),
    *("\ufeffbom", "nel\x85", "ls\u2028ps\u2029", "nbsp\xa0", "\xa0nbsp", "a\nb", "a\nb\n", "a\n\nb", "\na"),
    *("a\n\n", " a\nb", "a \nb", "a\n  b\n", "\n", "a\r\nb", "a\rb", "# h\n\ntext\n======\n", "<<<<<<< HEAD"),
    *("=======\nx", "emoji 😀", "bell\x07", "nul\x00", "del\x7f", "\ud800", "ünï", "日本", "\u3000wide\u3000"),
    *("virtio=BC:24:11:00:00:01,bridge=vmbr0", "local-lvm:32,ssd=1", "order=scsi0;net0", "prod;web", "x" * 10_000),
)  # fmt: skip

texts = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(max_size=30),
    st.text(alphabet="ab \n\t:#-'\"\\{}[]$,|>é", max_size=20),
    st.text(alphabet="0123456789.:-_+exobTZ ", max_size=10),
)
pve_keys = st.sampled_from(
    [
        *(
            "name",
            "cores",
            "memory",
            "tags",
            "description",
            "onboot",
            "cpu",
            "boot",
            "agent",
            "allow-ksm",
            "node",
            "pool",
        ),
        *("net0", "net1", "net2", "net10", "scsi0", "scsi1", "ide2", "ipconfig0", "efidisk0", "args", "zz-unknown"),
    ]
)
documents = st.dictionaries(pve_keys, texts, max_size=8)
