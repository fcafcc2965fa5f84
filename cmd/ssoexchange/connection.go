package main

import (
	"os"
	"strings"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/sso"
)

// connectionEnv holds the environment's connection string.
const connectionEnv = "SSOEXCHANGE_CONNECTION"

// layered returns the settings of a connection, the later over the earlier:
//
//	profile < environment < connection string on the command line < --set
//
// In the environment, SSOEXCHANGE_CONNECTION is below the variables of single
// properties. It does not count if the command line names a connection: then it may
// well be that of somebody else. named says that it does so in another way than by
// -c, --connection-file or -p.
func (a *app) layered(profile sso.Settings, named string) (sso.Settings, error) {
	connection, err := a.connectionSettings()
	if err != nil {
		return sso.Settings{}, err
	}
	environment, err := a.envConnection(named)
	if err != nil {
		return sso.Settings{}, err
	}
	properties, err := sso.EnvSettings(os.Environ())
	if err != nil {
		return sso.Settings{}, err
	}
	flags, err := a.setSettings()
	if err != nil {
		return sso.Settings{}, err
	}
	return sso.Merge(profile, environment, properties, connection, flags), nil
}

// envConnection returns the settings of the environment's connection string; none if
// it is set aside, which is noted in a.aside.
func (a *app) envConnection(named string) (sso.Settings, error) {
	conn := os.Getenv(connectionEnv)
	if conn == "" {
		return sso.Settings{}, nil
	}
	if by := a.namedByFlag(); by != "" {
		named = by
	}
	if named == "" {
		return sso.ParseSettings(conn)
	}
	if conn != a.flags.connection {
		a.aside = connectionEnv + " is set aside: " + named + " names the connection"
	}
	return sso.Settings{}, nil
}

// namedByFlag returns how the command line names a connection, "" if it names none.
func (a *app) namedByFlag() string {
	g := &a.flags
	switch {
	case g.profile != "":
		return "-p " + g.profile
	}
	return g.namedOtherwise()
}

// namedOtherwise returns the flag that gives a connection string, "" for none.
func (g *globalFlags) namedOtherwise() string {
	switch {
	case g.connection != "":
		return "-c"
	case g.connectionFile != "":
		return "--connection-file"
	}
	return ""
}

// connectionGiven reports whether flags or environment name a connection or change
// one; without, there may still be a default profile.
func (a *app) connectionGiven() bool {
	return a.namedByFlag() != "" || len(a.flags.set) > 0 || os.Getenv(connectionEnv) != "" || a.profileName() != ""
}

// profileName returns the profile that flags or environment name, "" for none.
func (a *app) profileName() string {
	if a.flags.profile != "" {
		return a.flags.profile
	}
	return os.Getenv("SSOEXCHANGE_PROFILE")
}

// profileSettings returns the properties of the chosen profile. A default profile
// stands back where a connection is given in another way.
func (a *app) profileSettings() (sso.Settings, error) {
	name := a.profileName()
	if name == "" && (a.namedByFlag() != "" || os.Getenv(connectionEnv) != "") {
		return sso.Settings{}, nil
	}
	f, err := configfile.Read(configfile.Path())
	if err != nil {
		return sso.Settings{}, err
	}
	if name == "" {
		name = f.DefaultName()
	}
	if name == "" {
		return sso.Settings{}, nil
	}
	return f.Settings(name)
}

// connectionSettings returns what the connection string on the command line says.
func (a *app) connectionSettings() (sso.Settings, error) {
	conn, err := a.flags.connection, error(nil)
	if a.flags.connectionFile != "" {
		if conn, err = a.connectionText(); err != nil {
			return sso.Settings{}, err
		}
	}
	if conn == "" {
		return sso.Settings{}, nil
	}
	return sso.ParseSettings(conn)
}

// connectionText reads --connection-file. Standard input is read once only: a reload
// of refresh finds the same there.
func (a *app) connectionText() (string, error) {
	name := a.flags.connectionFile
	if name == "-" && a.piped != "" {
		return a.piped, nil
	}
	data, err := a.input().Text(name)
	if err != nil {
		return "", err
	}
	conn := strings.TrimSpace(data)
	if conn == "" {
		return "", configError("--connection-file "+name+" is empty", "write the connection string into it")
	}
	if name == "-" {
		a.piped = conn
	}
	return conn, nil
}

// checkConnectionFlags refuses what would be taken for another connection without a
// word: an empty value, as "$UNSET" gives, is none given, and two are one too many.
func (a *app) checkConnectionFlags() error {
	g := &a.flags
	for _, name := range []string{"connection", "connection-file", "profile"} {
		if f := g.all.Lookup(name); f.Changed && strings.TrimSpace(f.Value.String()) == "" {
			return configError("--"+name+" is empty",
				"is the variable set that you gave it? leave the flag out to use the environment or the default profile")
		}
	}
	if g.connection != "" && g.connectionFile != "" {
		return configError("both --connection and --connection-file given", "use one of them")
	}
	return nil
}

func (a *app) setSettings() (sso.Settings, error) {
	var all sso.Settings
	for _, s := range a.flags.set {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return all, configError("--set needs Name=Value", "for example: --set MFAType=SMS")
		}
		one, err := configfile.Setting(name, value, "write Name=Value")
		if err != nil {
			return all, err
		}
		all = sso.Merge(all, one)
	}
	return all, nil
}
