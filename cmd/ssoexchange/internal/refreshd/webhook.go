package refreshd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

// notice is the JSON that a webhook gets: once when an identity stops until a person acts, and once
// when it goes on. It holds no secret. Fields are only ever added.
type notice struct {
	Version  int          `json:"version"` // 1
	Event    string       `json:"event"`   // "person_needed", "recovered"
	Text     string       `json:"text"`    // one line for people, which chat services show
	Profile  string       `json:"profile"`
	Identity sso.Identity `json:"identity"`
	Code     string       `json:"code,omitempty"` // as the errors of --json: "credentials", "passcode_needed", …
	Step     string       `json:"step,omitempty"`
	Reason   string       `json:"reason,omitempty"`
	Hint     string       `json:"hint,omitempty"`
	Command  string       `json:"command,omitempty"` // what to run on Host, when a code is needed
	User     string       `json:"user,omitempty"`    // of recovered: who is signed in
	Host     string       `json:"host"`
	At       time.Time    `json:"at"`
}

func noticeOf(event string, e sso.RefreshEvent) notice {
	n := notice{Version: 1, Event: event, Profile: e.Name, Identity: e.Identity, At: e.At.UTC().Truncate(time.Second)}
	n.Host, _ = os.Hostname()
	return n
}

func personNeeded(e sso.RefreshEvent) notice {
	n := noticeOf("person_needed", e)
	n.Code, n.Step, n.Reason, n.Hint = sso.Code(e.Err), sso.Step(e.Err), e.Err.Error(), sso.Hint(e.Err)
	n.Text = fmt.Sprintf("ssoexchange on %s: %s stopped: %s", n.Host, n.Profile, n.Reason)
	if errors.Is(e.Err, sso.ErrPassCodeNeeded) {
		n.Command = "ssoexchange code " + n.Profile
		n.Text += "; hand the code in with: " + n.Command
	}
	return n
}

func recovered(e sso.RefreshEvent) notice {
	n := noticeOf("recovered", e)
	n.Text = fmt.Sprintf("ssoexchange on %s: %s goes on", n.Host, n.Profile)
	if e.Session != nil {
		n.User = e.Session.User
		n.Text += ", signed in as " + n.User
	}
	return n
}

// webhook posts to one address. Its own address may be a secret and is never logged.
type webhook struct {
	url        *url.URL
	headerFile string // "Name: value" in its first line; "": none
	version    string // of the program
	client     *http.Client
	pauses     []time.Duration // between the tries to deliver
}

func newWebhook(u *url.URL, headerFile, version string) *webhook {
	return &webhook{url: u, headerFile: headerFile, version: version,
		pauses: []time.Duration{2 * time.Second, 10 * time.Second},
		client: &http.Client{Timeout: 10 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// send delivers once, and tries three times to.
func (w *webhook) send(ctx context.Context, n notice) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		if err = w.post(ctx, body); err == nil || try == len(w.pauses) {
			return err
		}
		select {
		case <-time.After(w.pauses[try]):
		case <-ctx.Done():
			return err
		}
	}
}

func (w *webhook) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url.String(), bytes.NewReader(body))
	if err != nil {
		return errors.New("the request cannot be made")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "ssoexchange/"+w.version)
	if w.headerFile != "" {
		line, err := sso.SecretFromFile(w.headerFile).Reveal(ctx)
		if err != nil {
			return fmt.Errorf("webhook_header_file: %w", err)
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return errors.New("webhook_header_file: its first line is not \"Name: value\"")
		}
		req.Header.Set(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	resp, err := w.client.Do(req)
	if err != nil {
		var ue *url.Error // holds the address
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return err
	}
	defer resp.Body.Close()
	io.CopyN(io.Discard, resp.Body, 64<<10)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("%s answered %d", w.url.Host, resp.StatusCode)
	}
	return nil
}
