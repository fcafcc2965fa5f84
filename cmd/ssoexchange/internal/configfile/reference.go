package configfile

import "slices"

// Key is a key of the configuration file, for help and documentation.
type Key struct {
	Path    string `json:"path"`    // with a dot before each level; NAME is any name, [] any item of a list
	Default string `json:"default"` // "": none
	Help    string `json:"help"`    // one line, no full stop
}

// Reference describes all keys of the configuration file, in the order in which one reads them.
func Reference() []Key { return slices.Clone(reference) }

var reference = []Key{
	{"default_profile", "the only profile, if there is one", "the profile of commands that name no connection"},
	{"profiles.NAME.extends", "", "takes over what this profile does not say itself from another"},
	{"profiles.NAME.PROPERTY", "",
		"a property of the connection string, by the names of \"ssoexchange properties\"; " +
			"a secret by its File, Command or Keyring"},
	{"refresh.listen", "nothing is served", "/healthz, /readyz and /metrics: host:port on loopback, or unix:/path"},
	{"refresh.hosts", "the names of loopback", "further names by which scrapers call listen, a list"},
	{"refresh.socket",
		"ssoexchange-refresh.sock in $RUNTIME_DIRECTORY or $XDG_RUNTIME_DIR, else refresh.sock in the state directory",
		"where codes are handed in and looks asked for, an absolute path"},
	{"refresh.webhook", "nobody is told", "https URL that is told when a person is needed; http on loopback"},
	{"refresh.webhook_header_file", "", "file (mode 0600) whose first line is a header for the webhook, Name: value"},
	{"refresh.workers", "8", "identities that are looked at at once, 1 to 1000"},
	{"refresh.requests_per_day", "2000", "requests a day for one identity, 1 to 1000000; beyond, it waits"},
	{"refresh.sign_ins_per_day", "100", "sign-ins a day for one identity, 1 to 100000; beyond, it waits"},
	{"refresh.idle", "5h", "how long the site keeps a session that nobody uses, 15m to 720h; learnt where it can be"},
	{"refresh.check_every", "5m", "how often the site is asked about a session, 10s to 24h"},
	{"refresh.keep_idp", "false", "keeps the identity provider's session alive, too"},
	{"refresh.profiles.NAME", "all profiles of the file",
		"keeps only the profiles that are named here; the keys below may be left out"},
	{"refresh.profiles.NAME.outputs[].file", "",
		"file (mode 0600, replaced at once) that the session is written to, an absolute path"},
	{"refresh.profiles.NAME.outputs[].format", "netscape", "format of that file, as of \"ssoexchange cookies\""},
	{"refresh.profiles.NAME.command", "", "command and arguments, a list, run without a shell after a change"},
	{"refresh.profiles.NAME.required", "true", "/readyz and --once wait for this profile"},
}

// knownKeys are the paths that the readers of the file know.
func knownKeys() []string {
	f := &File{}
	paths := []string{defaultKey, profilesKey + ".NAME." + extendsKey, profilesKey + ".NAME.PROPERTY",
		refreshKey + ".profiles.NAME"}
	add := func(prefix string, fields fieldReaders, nested ...string) {
		for name := range fields {
			if !slices.Contains(nested, name) {
				paths = append(paths, prefix+"."+name)
			}
		}
	}
	add(refreshKey, f.refreshFields(&Refresh{}), "profiles")
	add(refreshKey+".profiles.NAME", f.profileFields(&RefreshProfile{}, new(bool)), "outputs")
	add(refreshKey+".profiles.NAME.outputs[]", f.outputFields(new(string), new(string)))
	slices.Sort(paths)
	return paths
}
