package configfile

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/loopback"
	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/sso"
)

// Refresh is the section "refresh" of the configuration file; Reference has its keys.
type Refresh struct {
	Listen, Socket  string
	Hosts           []string // names that /healthz, /readyz and /metrics answer to besides loopback's
	Webhook         *url.URL
	WebhookHeader   string // a file
	Options         sso.RefreshOptions
	Named           []string // the profiles in the section, in its order
	Profiles        map[string]RefreshProfile
	FileHasProfiles []string // all profiles of the file, in its order
}

// RefreshProfile is what is done with the session of one profile.
type RefreshProfile struct {
	Outputs  []Output
	Command  []string
	Optional bool
}

// Output is a file that a session is written to.
type Output struct {
	File   string
	Format cookiejar.Format
}

// checkEvery is how old the proof may be by which a session counts as ready.
const checkEvery = 5 * time.Minute

// RefreshSection reads the section; a file without one has the defaults.
func (f *File) RefreshSection() (*Refresh, error) {
	c := &Refresh{Profiles: make(map[string]RefreshProfile)}
	c.Options.CheckEvery = checkEvery
	for _, p := range f.Profiles {
		c.FileHasProfiles = append(c.FileHasProfiles, p.Name)
	}
	if f.refresh == nil || f.refresh.Kind == yaml.ScalarNode && f.refresh.Tag == "!!null" {
		return c, nil
	}
	return c, f.eachKey(f.refresh, refreshKey, func(k, v *yaml.Node) error { return f.field(k, v, f.refreshFields(c)) })
}

// fieldReaders read the values of keys.
type fieldReaders map[string]func(v *yaml.Node) error

func (f *File) refreshFields(c *Refresh) fieldReaders {
	o := &c.Options
	return fieldReaders{
		"listen":              func(v *yaml.Node) error { return f.text1(v, &c.Listen, loopback.CheckListen) },
		"hosts":               func(v *yaml.Node) error { return f.hosts(v, &c.Hosts) },
		"socket":              func(v *yaml.Node) error { return f.text1(v, &c.Socket, checkAbsolute) },
		"webhook":             func(v *yaml.Node) error { return f.webhook(v, c) },
		"webhook_header_file": func(v *yaml.Node) error { return f.text1(v, &c.WebhookHeader, nil) },
		"workers":             func(v *yaml.Node) error { return f.count(v, &o.Workers, 1, 1000) },
		"requests_per_day":    func(v *yaml.Node) error { return f.count(v, &o.RequestsPerDay, 1, 1_000_000) },
		"sign_ins_per_day":    func(v *yaml.Node) error { return f.count(v, &o.SignInsPerDay, 1, 100_000) },
		"idle":                func(v *yaml.Node) error { return f.duration(v, &o.Idle, 15*time.Minute, 30*24*time.Hour) },
		"check_every":         func(v *yaml.Node) error { return f.duration(v, &o.CheckEvery, 10*time.Second, 24*time.Hour) },
		"keep_idp":            func(v *yaml.Node) error { return f.truth(v, &o.KeepIdP) },
		"profiles":            func(v *yaml.Node) error { return f.refreshProfiles(v, c) },
	}
}

// profileFields are the keys of one profile of the section. required is true at first.
func (f *File) profileFields(p *RefreshProfile, required *bool) fieldReaders {
	return fieldReaders{
		"outputs":  func(v *yaml.Node) error { return f.outputs(v, p) },
		"command":  func(v *yaml.Node) error { return f.words(v, &p.Command) },
		"required": func(v *yaml.Node) error { return f.truth(v, required) },
	}
}

func (f *File) outputFields(file, format *string) fieldReaders {
	return fieldReaders{
		"file":   func(v *yaml.Node) error { return f.text1(v, file, checkAbsolute) },
		"format": func(v *yaml.Node) error { return f.text1(v, format, CheckFormat) },
	}
}

// field hands a value to the reader of its key.
func (f *File) field(k, v *yaml.Node, fields fieldReaders) error {
	read, known := fields[k.Value]
	if !known {
		var names []string
		for name := range fields {
			names = append(names, name)
		}
		slices.Sort(names)
		return f.errorAt(k, fmt.Sprintf("unknown key %q", k.Value), "known are "+strings.Join(names, ", "))
	}
	return read(v)
}

func (f *File) refreshProfiles(v *yaml.Node, c *Refresh) error {
	return f.eachKey(v, "profiles", func(k, v *yaml.Node) error {
		if _, err := f.Find(k.Value); err != nil {
			return f.errorAt(k, fmt.Sprintf("there is no profile %q", k.Value), "it has: "+f.Names())
		}
		var p RefreshProfile
		required := true
		var err error
		if v.Kind != yaml.ScalarNode || v.Tag != "!!null" {
			err = f.eachKey(v, fmt.Sprintf("profile %q", k.Value), func(k, v *yaml.Node) error {
				return f.field(k, v, f.profileFields(&p, &required))
			})
		}
		p.Optional = !required
		c.Named = append(c.Named, k.Value)
		c.Profiles[k.Value] = p
		return err
	})
}

func (f *File) outputs(v *yaml.Node, p *RefreshProfile) error {
	if v.Kind != yaml.SequenceNode {
		return f.errorAt(v, "outputs is not a list", "write \"- file: PATH\" on a line below it")
	}
	for _, item := range v.Content {
		var out Output
		format := string(cookiejar.Netscape)
		err := f.eachKey(item, "an output", func(k, v *yaml.Node) error {
			return f.field(k, v, f.outputFields(&out.File, &format))
		})
		if err != nil {
			return err
		}
		if out.File == "" {
			return f.errorAt(item, "an output has no file", "add file: PATH")
		}
		out.Format = cookiejar.Format(format)
		p.Outputs = append(p.Outputs, out)
	}
	return nil
}

func (f *File) webhook(v *yaml.Node, c *Refresh) error {
	var text string
	if err := f.text1(v, &text, nil); err != nil {
		return err
	}
	u, err := CheckWebhook(text)
	if err != nil {
		// Not quoted: chat services put their secret into the address.
		return f.errorAt(v, "webhook "+err.Error(), "for example: webhook: https://chat.example.com/hook")
	}
	c.Webhook = u
	return nil
}

// text1 reads a single value and has it checked.
func (f *File) text1(v *yaml.Node, to *string, check func(string) error) error {
	if v.Kind != yaml.ScalarNode || v.Value == "" {
		return f.errorAt(v, "a single value is needed", "")
	}
	if check != nil {
		if err := check(v.Value); err != nil {
			return f.errorAt(v, err.Error(), "")
		}
	}
	*to = v.Value
	return nil
}

func (f *File) words(v *yaml.Node, to *[]string) error {
	if v.Kind != yaml.SequenceNode || len(v.Content) == 0 {
		return f.errorAt(v, "a command is a list of words, run without a shell",
			"for example: command: [systemctl, reload, bot]")
	}
	for _, word := range v.Content {
		if word.Kind != yaml.ScalarNode {
			return f.errorAt(word, "a command is a list of words", "")
		}
		*to = append(*to, word.Value)
	}
	return nil
}

func (f *File) hosts(v *yaml.Node, to *[]string) error {
	if v.Kind != yaml.SequenceNode {
		return f.errorAt(v, "hosts is not a list", "for example: hosts: [metrics.example.com, 10.0.0.7]")
	}
	for _, item := range v.Content {
		var host string
		if err := f.text1(item, &host, loopback.CheckHost); err != nil {
			return err
		}
		*to = append(*to, host)
	}
	return nil
}

func (f *File) count(v *yaml.Node, to *int, least, most int) error {
	n, err := strconv.Atoi(v.Value)
	if v.Kind != yaml.ScalarNode || err != nil || n < least || n > most {
		return f.errorAt(v, fmt.Sprintf("a number from %d to %d is needed", least, most), "")
	}
	*to = n
	return nil
}

func (f *File) duration(v *yaml.Node, to *time.Duration, least, most time.Duration) error {
	d, err := time.ParseDuration(v.Value)
	if v.Kind != yaml.ScalarNode || err != nil || d < least || d > most {
		return f.errorAt(v, fmt.Sprintf("a duration from %v to %v is needed", least, most), "for example 5h or 90m")
	}
	*to = d
	return nil
}

func (f *File) truth(v *yaml.Node, to *bool) error {
	if v.Kind != yaml.ScalarNode || v.Value != "true" && v.Value != "false" {
		return f.errorAt(v, "true or false is needed", "")
	}
	*to = v.Value == "true"
	return nil
}

// FormatNames are the names of the formats of cookies.
func FormatNames() []string {
	var names []string
	for _, f := range cookiejar.Formats() {
		names = append(names, string(f))
	}
	return names
}

// CheckFormat refuses a format that package cookiejar does not have.
func CheckFormat(s string) error {
	if !slices.Contains(cookiejar.Formats(), cookiejar.Format(s)) {
		return fmt.Errorf("unknown format %q: use one of %s", s, strings.Join(FormatNames(), ", "))
	}
	return nil
}

// checkAbsolute: a service has a working directory of its own.
func checkAbsolute(s string) error {
	if !filepath.IsAbs(s) {
		return fmt.Errorf("%q is no absolute path", s)
	}
	return nil
}

// SocketPath returns where the running refresher takes codes: as configured, else
// in the folder that the system gives to services and to users for such things, or in
// the state directory.
func (c *Refresh) SocketPath(stateDir func() (string, error)) (string, error) {
	if c.Socket != "" {
		return c.Socket, nil
	}
	for _, env := range []string{"RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"} {
		if dir, _, _ := strings.Cut(os.Getenv(env), ":"); dir != "" {
			return filepath.Join(dir, "ssoexchange-refresh.sock"), nil
		}
	}
	dir, err := stateDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "refresh.sock"), nil
}

// CheckWebhook reads the address of a webhook: https, or plain http on loopback.
func CheckWebhook(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, errors.New("is no URL that can be used")
	}
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback) {
		return nil, errors.New("must be https, or http on loopback")
	}
	return u, nil
}
