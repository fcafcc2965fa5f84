package crowd_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// remembered returns the cookies in the client's Snapshot.
func remembered(t *testing.T, c *crowd.Client) []cookiejar.Cookie {
	t.Helper()
	data, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	var s struct{ Cookies []cookiejar.Cookie }
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return s.Cookies
}

func signedIn(t *testing.T, s *server) (*crowd.Client, []byte) {
	t.Helper()
	c := newClient(s)
	if _, err := c.SignIn(t.Context(), startHere()); err != nil {
		t.Fatal(err)
	}
	data, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return c, data
}

func TestRestoreInAnotherProcess(t *testing.T) {
	s := newServer()
	_, data := signedIn(t, s)
	s.seen = nil
	c := newClient(s)
	c.Password = func(context.Context) (string, error) {
		t.Error("the password was asked for")
		return "", nil
	}
	if err := c.Restore(data); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SignIn(t.Context(), startHere()); err != nil {
		t.Fatal(err)
	}
	if len(s.seen) != 1 {
		t.Errorf("%d requests, want only the console's page", len(s.seen))
	}
	if got := s.last(crowd.Suffix).header.Get("Cookie"); !strings.Contains(got, "crowd.token_key="+token) || !strings.Contains(got, "JSESSIONID=CONSOLE1") {
		t.Errorf("console was not shown what was remembered")
	}
}

func TestRestoreRefuses(t *testing.T) {
	s := newServer()
	_, data := signedIn(t, s)
	for name, test := range map[string]struct {
		data   []byte
		change func(*crowd.Client)
	}{
		"another user":        {data, func(c *crowd.Client) { c.User = "bob" }},
		"another Crowd":       {data, func(c *crowd.Client) { c.LoginURL.Host = "crowd.example.net" }},
		"another application": {data, func(c *crowd.Client) { c.AppName = "wiki" }},
		"cut short":           {data[:len(data)/2], nil},
		"not JSON":            {[]byte("\x00\x01"), nil},
		"another version":     {[]byte(strings.Replace(string(data), `"v":1`, `"v":2`, 1)), nil},
		"odd token":           {[]byte(strings.Replace(string(data), `"token":"`, `"token":"a; b`, 1)), nil},
		"too large":           {[]byte(strings.Repeat(" ", 2<<20) + string(data)), nil},
	} {
		c := newClient(s)
		if test.change != nil {
			test.change(c)
		}
		err := c.Restore(test.data)
		if !errors.Is(err, autherr.ErrConfig) {
			t.Errorf("%s: error %v, want ErrConfig", name, err)
		}
		if err != nil && strings.Contains(err.Error(), token) {
			t.Errorf("%s: the error shows the token", name)
		}
		if left := remembered(t, c); len(left) != 0 {
			t.Errorf("%s: the client knows %v", name, left)
		}
	}
	if err := newClient(s).Restore(nil); err != nil {
		t.Errorf("nothing known: %v", err)
	}
}

func TestTokenOfAnotherAddressIsLeftOut(t *testing.T) {
	s := newServer()
	_, data := signedIn(t, s)
	s.seen = nil
	c := newClient(s)
	c.RemoteAddress = "192.0.2.77"
	if err := c.Restore(data); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SignIn(t.Context(), startHere()); err != nil {
		t.Fatal(err)
	}
	if s.count("POST", "/session") != 1 || s.count("GET", crowd.Suffix) != 1 || s.count("GET", "/config/cookie") != 0 {
		t.Error("want a new session, one page, and the cookie's name from memory")
	}
}

func TestForget(t *testing.T) {
	s := newServer()
	c, _ := signedIn(t, s)
	c.Forget(false)
	if left := remembered(t, c); len(left) != 0 {
		t.Errorf("cookies left: %v", left)
	}
	if _, err := c.SignIn(t.Context(), startHere()); err != nil {
		t.Fatal(err)
	}
	if s.count("POST", "/session") != 2 || s.count("GET", "/config/cookie") != 1 {
		t.Error("want a new session with the cookie's name from memory")
	}
	c.Forget(true)
	if _, err := c.SignIn(t.Context(), startHere()); err != nil {
		t.Fatal(err)
	}
	if s.count("GET", "/config/cookie") != 2 || s.count("DELETE", "") != 0 {
		t.Error("want the cookie's name asked for again, and Crowd told nothing")
	}
}
