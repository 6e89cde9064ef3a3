"""PVE's facts of the family ``access``; the package describes the form."""

# ruff: noqa: E501

GROUPS: dict[str, str] = {
    "realm": r"""
acr-values str? pattern=^[^\x00-\x1F\x7F <>#"]*$
audiences str? pattern=^[^\x00-\x1F\x7F <>#"]*$
autocreate bool?
base_dn str? long=256
bind_dn str? long=256
capath str?
case-sensitive bool?
cert str?
certkey str?
check-connection bool?
client-id str? long=256
client-key str? long=256
comment str? long=4096
default bool?
domain str? long=256 pattern=\S+
filter str? long=2048
group_classes str? format=ldap-simple-attr-list
group_dn str? long=256
group_filter str? long=2048
group_name_attr str? long=256 format=ldap-simple-attr
groups-autocreate bool?
groups-claim str? long=256 pattern=(?:[A-Za-z0-9\.\-_]+)
groups-overwrite bool?
issuer-url str? long=256
mode str? enum=ldap|ldaps|ldap+starttls
password str?
port int? min=1 max=65535
prompt str? pattern=(?:none|login|consent|select_account|\S+)
query-userinfo bool?
realm str long=32 format=pve-realm
scopes str?
secure bool?
server1 str? long=256 format=address
server2 str? long=256 format=address
sslversion str? enum=tlsv1|tlsv1_1|tlsv1_2|tlsv1_3
sync-defaults-options str? format=realm-sync-options
sync_attributes str? pattern=\w+=[^,]+(,\s*\w+=[^,]+)*
tfa str? long=128 format=pve-tfa-config
user_attr str? long=256 pattern=\S{2,}
user_classes str? format=ldap-simple-attr-list
verify bool?
""",
}

ENDPOINTS: dict[str, str] = {
    "GET /access": r"""
check all
""",
    "GET /access/acl": r"""
check all
""",
    "PUT /access/acl": r"""
check ["perm-modify", "{path}"]
delete bool?
groups str? format=pve-groupid-list
path str
propagate bool?
roles str format=pve-roleid-list
tokens str? format=pve-tokenid-list
users str? format=pve-userid-list
""",
    "GET /access/domains": r"""
check world
""",
    "POST /access/domains": r"""
check ["perm", "/access/realm", ["Realm.Allocate"]]
type str enum=ad|ldap|openid|pam|pve
username-claim str?
@realm
""",
    "DELETE /access/domains/{realm}": r"""
check ["perm", "/access/realm", ["Realm.Allocate"]]
realm str long=32 format=pve-realm
""",
    "GET /access/domains/{realm}": r"""
check ["perm", "/access/realm", ["Realm.Allocate", "Sys.Audit"], "any", 1]
realm str long=32 format=pve-realm
""",
    "PUT /access/domains/{realm}": r"""
check ["perm", "/access/realm", ["Realm.Allocate"]]
delete str? long=4096 format=pve-configid-list
digest str? long=64
@realm
""",
    "POST /access/domains/{realm}/sync": r"""
check ["and", ["perm", "/access/realm/{realm}", ["Realm.AllocateUser"]], ["perm", "/access/groups", ["User.Modify"]]]
dry-run bool?
enable-new bool?
full bool?
purge bool?
realm str long=32 format=pve-realm
remove-vanished str? pattern=(?:(?:(?:acl|properties|entry);)*(?:acl|properties|entry))|none
scope str? enum=users|groups|both
""",
    "GET /access/groups": r"""
check all
""",
    "POST /access/groups": r"""
check ["perm", "/access/groups", ["Group.Allocate"]]
comment str?
groupid str format=pve-groupid
""",
    "DELETE /access/groups/{groupid}": r"""
check ["perm", "/access/groups", ["Group.Allocate"]]
groupid str format=pve-groupid
""",
    "GET /access/groups/{groupid}": r"""
check ["perm", "/access/groups", ["Sys.Audit", "Group.Allocate"], "any", 1]
groupid str format=pve-groupid
""",
    "PUT /access/groups/{groupid}": r"""
check ["perm", "/access/groups", ["Group.Allocate"]]
comment str?
groupid str format=pve-groupid
""",
    "GET /access/openid": r"""
check all
""",
    "PUT /access/password": r"""
notoken
check ["or", ["userid-param", "self"], ["and", ["userid-param", "Realm.AllocateUser"], ["userid-group", ["User.Modify"]]]]
confirmation-password str? short=5 long=64
password str short=8 long=64
userid str long=64 format=pve-userid
""",
    "GET /access/permissions": r"""
check all
path str?
userid str? pattern=(?:^(?:[^\s:/]+)\@(?:[A-Za-z][A-Za-z0-9\.\-_]+)(?:!(?:[A-Za-z][A-Za-z0-9\.\-_]+))?$)
""",
    "GET /access/roles": r"""
check all
""",
    "POST /access/roles": r"""
check ["perm", "/access", ["Sys.Modify"]]
privs str? format=pve-priv-list
roleid str format=pve-roleid
""",
    "DELETE /access/roles/{roleid}": r"""
check ["perm", "/access", ["Sys.Modify"]]
roleid str format=pve-roleid
""",
    "GET /access/roles/{roleid}": r"""
check all
roleid str format=pve-roleid
""",
    "PUT /access/roles/{roleid}": r"""
check ["perm", "/access", ["Sys.Modify"]]
append bool? requires=privs
privs str? format=pve-priv-list
roleid str format=pve-roleid
""",
    "GET /access/tfa": r"""
check all
""",
    "GET /access/tfa/{userid}": r"""
check ["or", ["userid-param", "self"], ["userid-group", ["User.Modify", "Sys.Audit"]]]
userid str long=64 format=pve-userid
""",
    "POST /access/tfa/{userid}": r"""
notoken
check ["or", ["userid-param", "self"], ["userid-group", ["User.Modify"]]]
challenge str?
description str? long=255
password str? short=5 long=64
totp str?
type str enum=totp|u2f|webauthn|recovery|yubico
userid str long=64 format=pve-userid
value str?
""",
    "DELETE /access/tfa/{userid}/{id}": r"""
notoken
check ["or", ["userid-param", "self"], ["userid-group", ["User.Modify"]]]
id str
password str? short=5 long=64
userid str long=64 format=pve-userid
""",
    "GET /access/tfa/{userid}/{id}": r"""
check ["or", ["userid-param", "self"], ["userid-group", ["User.Modify", "Sys.Audit"]]]
id str
userid str long=64 format=pve-userid
""",
    "PUT /access/tfa/{userid}/{id}": r"""
notoken
check ["or", ["userid-param", "self"], ["userid-group", ["User.Modify"]]]
description str? long=255
enable bool?
id str
password str? short=5 long=64
userid str long=64 format=pve-userid
""",
    "GET /access/ticket": r"""
check world
""",
    "POST /access/ticket": r"""
notoken
check world
new-format bool?
otp str?
password str
path str? long=64 requires=privs
privs str? long=64 format=pve-priv-list requires=path
realm str? long=32 format=pve-realm
tfa-challenge str?
username str long=64
""",
    "GET /access/users": r"""
check all
enabled bool?
full bool?
""",
    "POST /access/users": r"""
check ["and", ["userid-param", "Realm.AllocateUser"], ["userid-group", ["User.Modify"], "groups_param", "create"]]
comment str? long=2048
email str? long=254 format=email-opt
enable bool?
expire int? min=0
firstname str? long=1024
groups str? format=pve-groupid-list
keys str? pattern=[0-9a-zA-Z!=]{0,4096}
lastname str? long=1024
password str? short=8 long=64
userid str long=64 format=pve-userid
""",
    "DELETE /access/users/{userid}": r"""
check ["and", ["userid-param", "Realm.AllocateUser"], ["userid-group", ["User.Modify"]]]
userid str long=64 format=pve-userid
""",
    "GET /access/users/{userid}": r"""
check ["userid-group", ["User.Modify", "Sys.Audit"]]
userid str long=64 format=pve-userid
""",
    "PUT /access/users/{userid}": r"""
check ["userid-group", ["User.Modify"], "groups_param", "update"]
append bool? requires=groups
comment str? long=2048
email str? long=254 format=email-opt
enable bool?
expire int? min=0
firstname str? long=1024
groups str? format=pve-groupid-list
keys str? pattern=[0-9a-zA-Z!=]{0,4096}
lastname str? long=1024
userid str long=64 format=pve-userid
""",
    "GET /access/users/{userid}/tfa": r"""
check ["or", ["userid-param", "self"], ["userid-group", ["User.Modify", "Sys.Audit"]]]
multiple bool?
userid str long=64 format=pve-userid
""",
    "GET /access/users/{userid}/token": r"""
check ["or", ["userid-param", "self"], ["userid-group", ["User.Modify"]]]
userid str long=64 format=pve-userid
""",
    "DELETE /access/users/{userid}/token/{tokenid}": r"""
check ["or", ["userid-param", "self"], ["userid-group", ["User.Modify"]]]
tokenid str pattern=(?:[A-Za-z][A-Za-z0-9\.\-_]+)
userid str long=64 format=pve-userid
""",
    "GET /access/users/{userid}/token/{tokenid}": r"""
check ["or", ["userid-param", "self"], ["userid-group", ["User.Modify"]]]
tokenid str pattern=(?:[A-Za-z][A-Za-z0-9\.\-_]+)
userid str long=64 format=pve-userid
""",
    "POST /access/users/{userid}/token/{tokenid}": r"""
check ["or", ["userid-param", "self"], ["userid-group", ["User.Modify"]]]
comment str?
expire int? min=0
privsep bool?
tokenid str pattern=(?:[A-Za-z][A-Za-z0-9\.\-_]+)
userid str long=64 format=pve-userid
""",
    "PUT /access/users/{userid}/token/{tokenid}": r"""
check ["or", ["userid-param", "self"], ["userid-group", ["User.Modify"]]]
comment str?
delete str? format=pve-configid-list
expire int? min=0
privsep bool?
regenerate bool?
tokenid str pattern=(?:[A-Za-z][A-Za-z0-9\.\-_]+)
userid str long=64 format=pve-userid
""",
    "PUT /access/users/{userid}/unlock-tfa": r"""
check ["userid-group", ["User.Modify"]]
userid str long=64 format=pve-userid
""",
}
