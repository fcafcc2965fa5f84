package config

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/wiretext"
)

// The origins of settings, as error texts name them.
const (
	originString  = "connection string"
	originSet     = "--set"
	originDefault = "default"
)

// Settings are property values that have not been put together to a [Config] yet:
// what one place says (a connection string, the environment, a flag), or several of
// them after [Merge]. The zero Settings are empty. Settings do not change.
//
// They hold secrets in clear, and print the names of their properties only.
type Settings struct {
	values map[string]setting // by canonical name, File, Command and Keyring variants included
}

// setting keeps its value out of the reach of reflection, as Secret does.
type setting struct {
	text   func() string
	source string
}

// ParseSettings reads a connection string; see package sso's ParseConfig for its form. It checks
// names and grammar; values are checked by [Schemes.Config]. A byte order mark in
// front of it is left out.
func ParseSettings(conn string) (Settings, error) {
	if len(conn) > maxConnectionString {
		return Settings{}, &Error{Origin: originString, Problem: "longer than 64 KiB"}
	}
	conn = wiretext.Trim(conn)
	if strings.HasPrefix(conn, "\xff\xfe") || strings.HasPrefix(conn, "\xfe\xff") ||
		strings.Contains(conn[:min(4, len(conn))], "\x00") {
		return Settings{}, &Error{Origin: originString, Problem: "not UTF-8, but UTF-16",
			Hint: "save the file as UTF-8 (PowerShell: -Encoding utf8)"}
	}
	pairs, bad := splitList(conn, "")
	if bad != nil {
		return Settings{}, bad.WithProperty("", originString)
	}
	s, bad := collect(pairs, originString)
	if bad != nil {
		return Settings{}, bad
	}
	return s, nil
}

// Setting returns the settings that one flag --set Name=Value makes. name may be
// SSOProperties.
func Setting(name, value string) (Settings, error) {
	k, ok := keys[normalizeName(strings.TrimSpace(name))]
	if !ok {
		bad := unknownName(name)
		if bad == nil {
			bad = BadValue("not the name of a property", "write Name=Value")
		}
		return Settings{}, bad.WithProperty("", originSet)
	}
	s, bad := collect([]pair{{k, value}}, originSet)
	if bad != nil {
		return Settings{}, bad
	}
	return s, nil
}

// envPrefix begins the environment variables that EnvSettings reads.
const envPrefix = "SSOEXCHANGE_"

// envReserved are names after the prefix that mean something else than a property.
var envReserved = map[string]bool{
	"CONNECTION": true, "STATE_DIR": true, "STATE_KEY": true, "STORE": true, "NO_INPUT": true, "COOKIE_FILE": true, "HEADER_FILE": true,
	"CORPUS": true, "PROFILE": true, "CONFIG": true, "LOG_LEVEL": true, "LOG_FORMAT": true,
}

// envForeign reports whether a name after the prefix is one that others make: what a
// command for codes is told about the challenge, and what Kubernetes and Docker put
// into the environment for a service that is called ssoexchange.
func envForeign(short string) bool {
	for _, prefix := range []string{"CHALLENGE_", "SERVICE_", "PORT_"} {
		if strings.HasPrefix(short, prefix) {
			return true
		}
	}
	return short == "PORT"
}

// EnvSettings returns the settings in environ, which has the form of [os.Environ]:
// SSOEXCHANGE_ and a property's name in capital letters, with or without underscores
// between its words. SSOEXCHANGE_SSOLOGINURL and SSOEXCHANGE_SSO_LOGIN_URL are
// SSOLoginURL.
//
// A variable with an empty value counts as not set. Those that mean something to the
// command line (SSOEXCHANGE_CONNECTION, _STATE_DIR, _STATE_KEY, _STORE, _NO_INPUT,
// _COOKIE_FILE, _HEADER_FILE, _CORPUS, _PROFILE, _CONFIG, _LOG_LEVEL, _LOG_FORMAT) are skipped, and so
// are those that Kubernetes makes for a service of this name (_SERVICE_HOST, _PORT, …) and
// that a command for codes is given (_CHALLENGE_KIND, …). Any other unknown one is a [*Error].
func EnvSettings(environ []string) (Settings, error) {
	all := Settings{values: make(map[string]setting)}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if runtime.GOOS == "windows" {
			name = strings.ToUpper(name)
		}
		short, ours := strings.CutPrefix(name, envPrefix)
		if !ours || envReserved[short] || value == "" || envForeign(short) {
			continue
		}
		k, ok := keys[strings.ToLower(strings.ReplaceAll(short, "_", ""))]
		if !ok || strings.ToUpper(short) != short {
			return Settings{}, unknownVariable(name, short)
		}
		s, bad := collect([]pair{{k, value}}, "environment variable "+name)
		if bad == nil {
			bad = all.add(s)
		}
		if bad != nil {
			return Settings{}, bad
		}
	}
	return all, nil
}

func unknownVariable(name, short string) *Error {
	if !plainName(short) {
		return BadValue("environment variable "+envPrefix+plainBeginning(short)+" is not the name of a property", "")
	}
	candidates := make([]string, 0, len(names)+len(envReserved))
	for _, n := range names {
		candidates = append(candidates, strings.ToUpper(n))
	}
	candidates = slices.AppendSeq(candidates, maps.Keys(envReserved))
	slices.Sort(candidates) // a tie must not be decided by chance
	suggestion := nearest(strings.ReplaceAll(short, "_", ""), candidates)
	if suggestion != "" {
		suggestion = envPrefix + suggestion
	}
	return BadValue("unknown environment variable "+name+didYouMean(suggestion), "")
}

// collect turns the pairs of one place into Settings, those inside SSOProperties
// included.
func collect(pairs []pair, origin string) (Settings, *Error) {
	all := Settings{values: make(map[string]setting)}
	seenNested := false
	for _, p := range pairs {
		if p.key.row != nil {
			if bad := all.put(p.key, p.value, origin); bad != nil {
				return Settings{}, bad
			}
			continue
		}
		if seenNested {
			return Settings{}, BadValue("given twice", "").WithProperty(nested, origin)
		}
		seenNested = true
		inner, bad := splitList(p.value, nested)
		if bad != nil {
			return Settings{}, bad.WithProperty("", origin)
		}
		for _, q := range inner {
			if q.key.row == nil || !q.key.row.SSO {
				return Settings{}, BadValue("not one of the SSO properties", "give it outside of "+nested).WithProperty(q.key.name(), origin)
			}
			if bad := all.put(q.key, q.value, origin); bad != nil {
				return Settings{}, bad
			}
		}
	}
	return all, all.check()
}

func (s Settings) put(k keyword, value, origin string) *Error {
	if _, twice := s.values[k.name()]; twice {
		return BadValue("given twice", "inside and outside of "+nested+" count alike").WithProperty(k.name(), origin)
	}
	s.values[k.name()] = setting{func() string { return value }, origin}
	return nil
}

// add puts the settings of a neighbour of the same rank into s.
func (s Settings) add(other Settings) *Error {
	for name, v := range other.values {
		if _, twice := s.values[name]; twice {
			return BadValue("given twice", "").WithProperty(name, v.source)
		}
		s.values[name] = v
	}
	return s.check()
}

// check refuses two sources of one secret in the same place.
func (s Settings) check() *Error {
	for i := range properties {
		first := ""
		for _, src := range sources {
			name := (keyword{&properties[i], src}).name()
			v, ok := s.values[name]
			if !ok || v.text() == "" {
				continue
			}
			if first != "" {
				return BadValue("given together with "+first, "give the secret in one way only").WithProperty(name, v.source)
			}
			first = name
		}
	}
	return nil
}

// Merge lays settings over each other: what a later layer sets replaces what an
// earlier one set. Setting a secret in any way (Password, PasswordFile, …) replaces
// it however the earlier layer set it, and an empty value takes a setting away.
//
// The order of the command line is
//
//	Merge(profile, environment, connection, flags)
//
// with the defaults below all of them.
func Merge(layers ...Settings) Settings {
	all := Settings{values: make(map[string]setting)}
	for _, layer := range layers {
		for name := range layer.values {
			r := keys[normalizeName(name)].row
			for _, src := range sources {
				delete(all.values, (keyword{r, src}).name())
			}
		}
		for name, v := range layer.values {
			all.values[name] = v
		}
	}
	return all
}

// defaults is the lowest layer.
func defaults() Settings {
	all := Settings{values: make(map[string]setting)}
	for _, r := range properties {
		if r.Default != "" {
			all.values[r.Name] = setting{func() string { return r.Default }, originDefault}
		}
	}
	return all
}

// From returns the same settings with another origin for error texts, such as
// "profile work".
func (s Settings) From(origin string) Settings {
	all := Settings{values: make(map[string]setting, len(s.values))}
	for name, v := range s.values {
		all.values[name] = setting{v.text, origin}
	}
	return all
}

// Names returns the canonical names of what is set, File, Command and Keyring
// variants included, in the order of [Properties].
func (s Settings) Names() []string {
	var list []string
	for _, name := range names {
		if _, ok := s.values[name]; ok {
			list = append(list, name)
		}
	}
	return list
}

// Lookup returns the value, which may be a secret, and the origin of a setting.
func (s Settings) Lookup(name string) (value, origin string, ok bool) {
	v, ok := s.values[keys[normalizeName(name)].safeName()]
	if !ok {
		return "", "", false
	}
	return v.text(), v.source, true
}

// safeName is name for a key that may be the zero key.
func (k keyword) safeName() string {
	if k.row == nil {
		return ""
	}
	return k.name()
}

// String lists the names of what is set.
func (s Settings) String() string { return "sso.Settings(" + strings.Join(s.Names(), " ") + ")" }

// Format prints String, whatever the verb.
func (s Settings) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// MarshalText returns String.
func (s Settings) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue returns String.
func (s Settings) LogValue() slog.Value { return slog.StringValue(s.String()) }
