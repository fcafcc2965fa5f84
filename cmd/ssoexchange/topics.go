package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
)

// configTopic is the reference of the configuration file.
func configTopic() *cobra.Command {
	var b strings.Builder
	b.WriteString(`The configuration file is $SSOEXCHANGE_CONFIG, else ssoexchange/config.yaml in $XDG_CONFIG_HOME
or in .config of the home directory (on Windows in %AppData%). It is YAML of names and values:

    default_profile: work
    profiles:
      base:
        AuthScheme: Okta
        User: ana@example.com
        PasswordCommand: pass show okta
      work:
        extends: base
        SSOLoginURL: https://example.okta.com/home/jira/0oa1/42
        SSOExchangeURL: https://jira.example.com/plugins/servlet/samlconsumer
    refresh:
      listen: 127.0.0.1:9464
      webhook: https://chat.example.com/hook
      profiles:
        work:
          outputs:
            - file: /run/bots/jira.txt
              format: netscape
          command: [systemctl, reload, bot]

An unknown key is an error, and so is one that is given twice. Secrets do not stand in the file.
"ssoexchange profile" edits it and keeps comments.

`)
	for _, k := range configfile.Reference() {
		fmt.Fprintf(&b, "    %s\n        %s\n", k.Path, k.Help)
		if k.Default != "" {
			fmt.Fprintf(&b, "        default: %s\n", k.Default)
		}
	}
	return &cobra.Command{Use: "config", Short: "The configuration file, every key of it",
		Long: strings.TrimSpace(b.String())}
}

// environment are the variables that the program reads, and those that it sets.
var environment = []struct{ name, help string }{
	{"SSOEXCHANGE_CONNECTION", "connection string; below the variables of single properties, above a profile"},
	{"SSOEXCHANGE_PROPERTY", "one property of the connection, such as SSOEXCHANGE_USER or SSOEXCHANGE_PASSWORDFILE"},
	{"SSOEXCHANGE_PROFILE", "profile, as -p"},
	{"SSOEXCHANGE_CONFIG", "the configuration file"},
	{"SSOEXCHANGE_STATE_DIR", "directory of sessions and devices, as --state-dir"},
	{"SSOEXCHANGE_STORE", "store that several hosts share, as --store; a password in it is not seen by others here"},
	{"SSOEXCHANGE_STATE_KEY", "key that encrypts the stored state; more, separated by commas, only decrypt"},
	{"SSOEXCHANGE_NO_INPUT", "1: never prompt, as --no-input"},
	{"CI", "set: never prompt"},
	{"NO_COLOR", "set: no colour, as --no-color; so does TERM=dumb"},
	{"HTTPS_PROXY", "proxy for connections without ProxyServer; HTTP_PROXY, ALL_PROXY and NO_PROXY likewise"},
	{"SSL_CERT_FILE", "file of the certificates that are trusted, in place of the system's"},
	{"XDG_CONFIG_HOME", "where the configuration file is looked for; default: .config in the home directory"},
	{"XDG_STATE_HOME", "where the state directory is; default: .local/state in the home directory"},
	{"XDG_RUNTIME_DIR", "where exec puts its file, refresh its socket"},
	{"STATE_DIRECTORY", "set by systemd: the state directory of a service; RUNTIME_DIRECTORY likewise for the socket"},
	{"DBUS_SESSION_BUS_ADDRESS", "where the OS keyring answers (Linux)"},
	{"VISUAL", "editor of profile edit; else EDITOR, else vi"},
	{"SOURCE_DATE_EPOCH", "date of the manual pages"},
	{"GOGC", "as for every Go program"},
	{"SSOEXCHANGE_COOKIE_FILE", "set for the command that exec runs: the file of the session's cookies"},
	{"SSOEXCHANGE_HEADER_FILE", "set for the command that exec runs: the file of the header, for schemes without cookies"},
}

func environmentTopic() *cobra.Command {
	var b strings.Builder
	b.WriteString(`What is said on the command line comes before the environment, and that before the configuration
file: profile < environment < -c on the command line < --set. SSOEXCHANGE_CONNECTION and
SSOEXCHANGE_PROFILE do not count if the command line names a connection. A command that this program
runs finds no variable that may hold a secret.

`)
	for _, v := range environment {
		fmt.Fprintf(&b, "    %s\n        %s\n", v.name, v.help)
	}
	return &cobra.Command{Use: "environment", Short: "The environment variables that count",
		Long: strings.TrimSpace(b.String())}
}
