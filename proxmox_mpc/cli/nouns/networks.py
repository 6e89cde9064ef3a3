"""network, sdn, firewall, ha and access in the command tree."""

from __future__ import annotations

from proxmox_mpc.cli.tree import Group, Leaf

NETWORKS: dict[str, Leaf | Group] = {
    "network": Group(
        "Network interfaces of the nodes",
        {
            "list": Leaf("network:list_", "List the network interfaces of the nodes"),
            "show": Leaf("network:show", "Show a network interface, and changes that are not applied"),
            "create": Leaf("network_write:create", "Stage a new interface of a node: a bridge, a bond, a VLAN"),
            "set": Leaf(
                "network_write:set_",
                "Stage other settings of an interface; --ports is for bridges, for others: --set slaves=…",
            ),
            "delete": Leaf("network_write:delete", "Stage the removal of an interface"),
            "apply": Leaf("network_write:apply", "Put a node's staged network changes into effect"),
            "revert": Leaf("network_write:revert", "Drop a node's staged network changes that were not applied"),
        },
    ),
    "sdn": Group(
        "Software defined networks",
        {
            "zone": Group(
                "SDN zones",
                {
                    "list": Leaf("sdn:zone_list", "List the SDN zones"),
                    "show": Leaf("sdn:zone_show", "Show an SDN zone, its vnets, and how it is on each node"),
                    "create": Leaf("sdn_write:zone_create", "Create an SDN zone; it works after pmpc sdn apply"),
                    "set": Leaf("sdn_write:zone_set", "Change an SDN zone"),
                    "delete": Leaf("sdn_write:zone_delete", "Delete SDN zones, which must have no vnets"),
                },
            ),
            "vnet": Group(
                "SDN vnets",
                {
                    "list": Leaf("sdn:vnet_list", "List the SDN vnets"),
                    "show": Leaf("sdn:vnet_show", "Show an SDN vnet and its subnets"),
                    "create": Leaf("sdn_write:vnet_create", "Create an SDN vnet; it works after pmpc sdn apply"),
                    "set": Leaf("sdn_write:vnet_set", "Change an SDN vnet"),
                    "delete": Leaf("sdn_write:vnet_delete", "Delete SDN vnets, which must have no subnets"),
                },
            ),
            "subnet": Group(
                "SDN subnets",
                {
                    "list": Leaf("sdn:subnet_list", "List the SDN subnets"),
                    "show": Leaf("sdn:subnet_show", "Show an SDN subnet"),
                    "create": Leaf(
                        "sdn_write:subnet_create", "Create a subnet of an SDN vnet; it works after pmpc sdn apply"
                    ),
                    "set": Leaf("sdn_write:subnet_set", "Change an SDN subnet"),
                    "delete": Leaf("sdn_write:subnet_delete", "Delete an SDN subnet"),
                },
            ),
            "status": Leaf("sdn:status", "List how each SDN zone is on each node"),
            "apply": Leaf(
                "sdn_write:apply",
                "Put the staged SDN configuration into effect on every node; what changes is shown first",
            ),
        },
    ),
    "firewall": Group(
        "The firewall of cluster, nodes, guests and vnets",
        {
            "rule": Group(
                "Firewall rules",
                {
                    "list": Leaf("firewall:rule_list", "List the firewall rules of a level, or of all"),
                    "create": Leaf(
                        "firewall_rule_write:rule_create", "Create a firewall rule, at the top unless --at says where"
                    ),
                    "set": Leaf("firewall_rule_write:rule_set", "Change a firewall rule"),
                    "move": Leaf("firewall_rule_write:rule_move", "Move a firewall rule to another place"),
                    "enable": Leaf("firewall_rule_write:rule_enable", "Switch firewall rules on"),
                    "disable": Leaf(
                        "firewall_rule_write:rule_disable", "Switch firewall rules off, without deleting them"
                    ),
                    "delete": Leaf("firewall_rule_write:rule_delete", "Delete firewall rules of one level"),
                },
            ),
            "options": Leaf("firewall:options", "Show the firewall options of a level"),
            "set": Leaf(
                "firewall_option_write:set_",
                "Change the firewall options of a level: switch it on or off, and what happens to what no rule matches",
            ),
            "alias": Group(
                "Firewall aliases",
                {
                    "list": Leaf("firewall:alias_list", "List the firewall aliases of the cluster or a guest"),
                    "create": Leaf(
                        "firewall_set_write:alias_create", "Create a firewall alias: a name for an address or network"
                    ),
                    "set": Leaf("firewall_set_write:alias_set", "Change a firewall alias; rules that name it follow"),
                    "delete": Leaf("firewall_set_write:alias_delete", "Delete firewall aliases"),
                },
            ),
            "ipset": Group(
                "IP sets",
                {
                    "list": Leaf("firewall:ipset_list", "List the IP sets of the cluster or a guest"),
                    "show": Leaf("firewall:ipset_show", "Show an IP set and its members"),
                    "create": Leaf("firewall_set_write:ipset_create", "Create an IP set"),
                    "add": Leaf("firewall_set_write:ipset_add", "Put addresses, networks or aliases into an IP set"),
                    "remove": Leaf("firewall_set_write:ipset_remove", "Take members out of an IP set"),
                    "delete": Leaf("firewall_set_write:ipset_delete", "Delete IP sets"),
                },
            ),
            "group": Group(
                "Security groups",
                {
                    "list": Leaf("firewall:group_list", "List the security groups"),
                    "show": Leaf("firewall:group_show", "Show a security group and its rules"),
                    "create": Leaf(
                        "firewall_set_write:group_create",
                        "Create a security group; its rules: pmpc firewall rule create --group NAME",
                    ),
                    "delete": Leaf("firewall_set_write:group_delete", "Delete security groups, which must be empty"),
                },
            ),
            "log": Leaf("firewall:log", "Show the firewall log of a node or a guest"),
            "check": Leaf(
                "firewall:check",
                "Show what the firewall does for a guest in effect: which switches are on, and which rules decide",
            ),
        },
    ),
    "ha": Group(
        "High availability",
        {
            "status": Leaf("ha:status", "Show what high availability is doing: manager, nodes, guests"),
            "resource": Group(
                "Guests under high availability",
                {
                    "list": Leaf("ha:resource_list", "List the guests that are managed by high availability"),
                    "show": Leaf("ha:resource_show", "Show how high availability manages a guest"),
                    "create": Leaf(
                        "ha_write:resource_create",
                        "Put a guest under high availability, which keeps it started unless --state says otherwise",
                    ),
                    "set": Leaf(
                        "ha_write:resource_set",
                        "Change how high availability manages a guest; another state starts or stops it",
                    ),
                    "migrate": Leaf(
                        "ha_write:resource_migrate",
                        "Have high availability migrate a guest; done means that it is there",
                    ),
                    "relocate": Leaf(
                        "ha_write:resource_relocate", "Have high availability stop a guest and start it on another node"
                    ),
                    "delete": Leaf(
                        "ha_write:resource_delete", "Take guests out of high availability; they go on running"
                    ),
                },
            ),
            "rule": Group(
                "Rules of PVE 9",
                {
                    "list": Leaf("ha:rule_list", "List the high availability rules (PVE 9)"),
                    "show": Leaf("ha:rule_show", "Show a high availability rule (PVE 9)"),
                    "create": Leaf(
                        "ha_write:rule_create",
                        "Create a rule of PVE 9: --nodes says where guests run, --affinity whether together",
                    ),
                    "set": Leaf("ha_write:rule_set", "Change a rule of PVE 9"),
                    "delete": Leaf("ha_write:rule_delete", "Delete rules of PVE 9; the guests stay where they are"),
                },
            ),
            "group": Group(
                "Groups of PVE 8",
                {
                    "list": Leaf("ha:group_list", "List the high availability groups (PVE 8)"),
                    "create": Leaf("ha_write:group_create", "Create a group of nodes (PVE 8)"),
                    "set": Leaf("ha_write:group_set", "Change a group of nodes (PVE 8)"),
                    "delete": Leaf("ha_write:group_delete", "Delete groups of nodes (PVE 8)"),
                },
            ),
        },
    ),
    "access": Group(
        "Users, tokens, roles and permissions",
        {
            "user": Group(
                "Users",
                {
                    "list": Leaf("access:user_list", "List the users"),
                    "show": Leaf("access:user_show", "Show a user: tokens, grants, second factors"),
                    "create": Leaf(
                        "access_write:user_create", "Create a user; one of the realm pve needs a password to log in"
                    ),
                    "set": Leaf(
                        "access_write:user_set", "Change a user; --group names all groups that the user is to be in"
                    ),
                    "password": Leaf("access_write:user_password", "Set a user's password (not with an API token)"),
                    "delete": Leaf(
                        "access_write:user_delete", "Delete users, with their tokens and what was granted to them"
                    ),
                },
            ),
            "token": Group(
                "API tokens",
                {
                    "list": Leaf("access:token_list", "List the API tokens of all users, or of one"),
                    "show": Leaf("access:token_show", "Show an API token and what is granted to it"),
                    "create": Leaf("token_write:create", "Create an API token; its secret is printed this once"),
                    "set": Leaf("token_write:set_", "Change an API token's comment, end or scope"),
                    "rotate": Leaf(
                        "token_write:rotate",
                        "Replace an API token by a new one with the same scope, end, comment and grants",
                    ),
                    "delete": Leaf("token_write:delete", "Delete API tokens; who uses them is locked out"),
                },
            ),
            "group": Group(
                "Groups of users",
                {
                    "list": Leaf("access:group_list", "List the groups of users"),
                    "show": Leaf("access:group_show", "Show a group: members, grants"),
                    "create": Leaf("access_write:group_create", "Create a group of users"),
                    "set": Leaf(
                        "access_write:group_set", "Change a group's comment; who is in it: pmpc access user set --group"
                    ),
                    "delete": Leaf("access_write:group_delete", "Delete groups; their members stay"),
                },
            ),
            "role": Group(
                "Roles",
                {
                    "list": Leaf("access:role_list", "List the roles and their privileges"),
                    "show": Leaf("access:role_show", "Show a role: privileges, and where it is granted"),
                    "create": Leaf("access_write:role_create", "Create a role of some privileges"),
                    "set": Leaf("access_write:role_set", "Change what a role allows"),
                    "delete": Leaf("access_write:role_delete", "Delete roles; who was granted them loses them"),
                },
            ),
            "acl": Group(
                "Who was granted what",
                {
                    "list": Leaf("access:acl_list", "List who was granted which role on which path"),
                    "create": Leaf("access_write:acl_create", "Grant roles on a path to a user, group or token"),
                    "delete": Leaf("access_write:acl_delete", "Take roles on a path away from a user, group or token"),
                },
            ),
            "realm": Group(
                "Authentication realms", {"list": Leaf("access:realm_list", "List the authentication realms")}
            ),
            "check": Leaf("access:check", "Show what reading needs, what you hold of it, and how to get the rest"),
            "explain": Leaf(
                "access:explain",
                "Show which privileges a command needs on which path, which of them you lack, and how to get them",
            ),
            "permissions": Leaf(
                "access:permissions", "List effective permissions: your own, or those of a user or token"
            ),
            "tfa": Group(
                "Second factors",
                {"list": Leaf("access:tfa_list", "List the second factors of the users (not with an API token)")},
            ),
        },
    ),
}
