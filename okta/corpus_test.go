package okta_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
)

// recordedHost is the host in the recorded answers.
const recordedHost = "http://localhost:3000"

// replay is an org that gives one recorded answer at its place and then hangs up.
type replay struct {
	t      *testing.T
	page   string // what the app's link shows
	place  string // "POST /path": where the recorded answer is given
	status int
	body   []byte
	stop   context.CancelFunc
	given  bool
	next   string // the request that the recorded answer led to, with its body
}

func (r *replay) RoundTrip(q *http.Request) (*http.Response, error) {
	body := []byte(nil)
	if q.Body != nil {
		body, _ = io.ReadAll(q.Body)
	}
	w := httptest.NewRecorder()
	r.ownHandle(body)
	switch key := q.Method + " " + q.URL.Path; {
	case q.URL.Scheme+"://"+q.URL.Host != org:
		r.t.Errorf("request to %s", q.URL.Host)
		return nil, errors.New("not ours")
	case r.given && (strings.HasSuffix(key, "/idx/cancel") || key == cancel):
		w.WriteString("{}") // what is given up is told, and that is not the outcome
	case r.given && strings.HasSuffix(key, "/.well-known/webfinger"):
		w.WriteHeader(http.StatusNotFound) // whose user it is changes words only
	case r.given:
		if r.next == "" {
			r.next = strings.TrimSpace(key + " " + canonical(body))
			r.stop()
		}
		return nil, errors.New("hung up")
	case key == app:
		w.WriteString(r.page)
	case key == r.place:
		r.given = true
		w.WriteHeader(r.status)
		w.Write(r.body)
	default:
		r.t.Errorf("unexpected request %s", key)
	}
	return w.Result(), nil
}

// ownHandle checks that a request carries a state handle of the recorded answer.
func (r *replay) ownHandle(body []byte) {
	var v struct{ StateHandle string }
	if json.Unmarshal(body, &v) == nil && v.StateHandle != "" && !bytes.Contains(r.body, []byte(v.StateHandle)) {
		r.t.Error("the state handle is not one of the answer")
	}
}

// canonical is a JSON object with its members in order, without the state handle.
func canonical(body []byte) string {
	var v map[string]any
	if json.Unmarshal(body, &v) != nil {
		return string(body)
	}
	for _, name := range []string{"stateHandle", "stateToken"} {
		delete(v, name)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

type kind struct {
	err  error
	name string
}

// kinds names the sentinels.
var kinds = []kind{
	{autherr.ErrConfig, "config"}, {autherr.ErrCredentials, "credentials"}, {autherr.ErrPassCodeNeeded, "passcode"},
	{autherr.ErrMFARejected, "rejected"}, {autherr.ErrExchangeRefused, "refused"}, {autherr.ErrUnreachable, "unreachable"},
	{autherr.ErrRateLimited, "limited"}, {autherr.ErrUnsupported, "unsupported"}, {autherr.ErrBadAnswer, "bad answer"},
}

// outcome replays one answer and says what the client made of it.
func outcome(t *testing.T, r *replay) (got string) {
	synctest.Test(t, func(t *testing.T) {
		r.t = t
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		r.stop = stop
		u, err := url.Parse(org + appPath)
		if err != nil {
			t.Fatal(err)
		}
		c := &okta.Client{LoginURL: u, User: "ana@example.com", Transport: r, RememberDevice: true,
			Password: func(context.Context) (string, error) { return password, nil },
			Answerer: mfa.Func(func(context.Context, mfa.Challenge) (string, error) { return "123456", nil })}
		response, err := c.SignIn(ctx, nil)
		switch {
		case r.next != "":
			got = r.next
		case err == nil:
			t.Errorf("signed in with %v", response)
		default:
			got = "untyped error " + err.Error()
			if strings.Contains(fmt.Sprint(err), password) {
				t.Errorf("the password shows in %v", err)
			}
			for _, k := range kinds {
				if errors.Is(err, k.err) {
					got = k.name + ": " + err.Error()
				}
			}
		}
		var hint interface{ HintText() string }
		if r.next == "" && strings.Contains(r.page, "02.id") && (!errors.As(err, &hint) || hint.HintText() == "") {
			t.Errorf("no hint: %v", err)
		}
	})
	return got
}

// TestRecordedAnswers replays answers of real servers, where they are at hand: mock data
// of okta/okta-signin-widget in okta/idx and okta/authn of $SSOEXCHANGE_CORPUS. Those of
// the Identity Engine answer introspect, those of Classic the primary authentication.
func TestRecordedAnswers(t *testing.T) {
	paths := recordedPaths(t, "*")
	want := map[string]string{}
	for _, row := range recorded {
		for _, file := range strings.Fields(row.files) {
			want[file] = row.want
		}
	}
	match := 0
	for _, path := range paths {
		kind := filepath.Base(filepath.Dir(path))
		name := kind + "/" + strings.TrimSuffix(filepath.Base(path), ".json")
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r := &replay{status: recordedStatus(filepath.Base(path)), body: bytes.ReplaceAll(body, []byte(recordedHost), []byte(org)), page: loginPage, place: authn}
		if kind == "idx" {
			r.page, r.place = idxPage, introspect
		}
		switch got := outcome(t, r); {
		case want[name] == "":
			t.Errorf("%s: not in the table: %s", name, got)
		case got == want[name]:
			match++
		default:
			kind, word, _ := strings.Cut(want[name], ": ")
			if !strings.HasPrefix(got, kind+": ") || !strings.Contains(got, word) {
				t.Errorf("%s:\n got %s\nwant %s", name, got, want[name])
				continue
			}
			match++
		}
	}
	t.Logf("%d recorded answers, %d outcomes match", len(paths), match)
}

// An org that gives one and the same answer to everything makes no sign-in go on for
// ever, post the password twice or end without a typed error.
func TestRecordedAnswersForEver(t *testing.T) {
	paths := recordedPaths(t, "idx")
	for _, path := range paths {
		name := filepath.Base(path)
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.ReplaceAll(body, []byte(recordedHost), []byte(org))
		synctest.Test(t, func(t *testing.T) {
			posts, passwords := 0, 0
			c := (&script{t: t}).client()
			c.Answerer = mfa.Func(func(context.Context, mfa.Challenge) (string, error) { return "123456", nil })
			c.Transport = roundTrip(func(q *http.Request) (*http.Response, error) {
				w := httptest.NewRecorder()
				if q.Method == http.MethodGet {
					w.WriteString(idxPage)
					return w.Result(), nil
				}
				sent, err := io.ReadAll(q.Body)
				if err != nil {
					return nil, err
				}
				posts++
				if bytes.Contains(sent, []byte(password)) {
					passwords++
				}
				w.WriteHeader(recordedStatus(name))
				w.Write(body)
				return w.Result(), nil
			})
			_, err := c.SignIn(t.Context(), nil)
			typed := slices.ContainsFunc(kinds, func(k kind) bool { return errors.Is(err, k.err) })
			if err == nil || !typed || posts > 160 || passwords > 1 {
				t.Errorf("%s: error %v after %d requests, %d with the password", name, err, posts, passwords)
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

// recordedPaths lists the recorded answers of one kind, or skips the test.
func recordedPaths(t *testing.T, kind string) []string {
	t.Helper()
	root := os.Getenv("SSOEXCHANGE_CORPUS")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "corpus")
	}
	paths, err := filepath.Glob(filepath.Join(root, "okta", kind, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Skipf("no recorded answers in %s: set SSOEXCHANGE_CORPUS to a folder that has okta/idx/*.json", root)
	}
	return paths
}

func recordedStatus(file string) int {
	if !strings.HasPrefix(file, "error") {
		return 200
	}
	if n, err := strconv.Atoi(strings.SplitN(file+"--", "-", 3)[1]); err == nil {
		return n
	}
	return 403
}
