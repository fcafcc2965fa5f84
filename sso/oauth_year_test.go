package sso_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/fixtures/cloud"
	"github.com/ssoexchange/ssoexchange/fixtures/oauth"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
	"github.com/ssoexchange/ssoexchange/sso"
)

const day = 24 * time.Hour

// simulatedCloud is Atlassian's Cloud with one site and one 3LO application, on an internet of its own.
func simulatedCloud(t *testing.T) (c *cloud.Cloud, n *fixtures.Net, opts *sso.Options, conn string) {
	t.Helper()
	c, n = cloud.New(), fixtures.NewNet()
	t.Cleanup(func() { n.Close() })
	c.AddSite("https://other.atlassian.net")
	c.AddSite("https://acme.atlassian.net")
	scopes := []string{"read:jira-work", "read:jira-user", "read:servicedesk-request", "offline_access"}
	c.Auth.AddClient(
		oauth.Client{
			ID:        "app",
			Secret:    "the client's secret",
			Redirects: []string{nobodyListens, "http://localhost:33333"},
			Scopes:    scopes,
		},
	)
	for host, h := range c.Hosts() {
		n.Handle(host, h)
	}
	ca, err := n.CAFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return c, n, &sso.Options{Dial: n.Dial, Store: &sso.MemoryStore{}},
		"AuthScheme=OAuth;URL=https://acme.atlassian.net;OAuthClientId=app;OAuthClientSecret=the client's secret;CallbackURL=" + nobodyListens + ";SSLServerCert=" + ca
}

// consents has a user press the button of the consent page, and returns where the browser ends.
func consents(t *testing.T, n *fixtures.Net, login, page string) string {
	t.Helper()
	browser := n.Client()
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := oauth.Person{
		Login:    login,
		Password: "secret",
		Resource: "https://acme.atlassian.net",
	}.Visit(
		t.Context(),
		browser,
		page,
	)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// simulatedBot is somebody's program on two hosts that share a store.
type simulatedBot struct {
	hosts             [2]*sso.Client
	every             time.Duration
	consented, active time.Time // the last time that it got a token
	stopped           string
	uses              int
}

// A year of many identities at the simulated Cloud: refresh tokens rotate, answers are lost, the
// server is away for hours and its clock is wrong for months. At its end each identity is alive, or
// has stopped for a reason of Atlassian's own: 90 days without use, or 365 days since the consent.
func TestOAuthYear(t *testing.T) {
	identities := testscale.Of(20, 200)
	synctest.Test(t, func(t *testing.T) {
		c, n, opts, conn := simulatedCloud(t)
		began := time.Now()
		consent := func(i int, b *simulatedBot) {
			login := fmt.Sprintf("bot%d@example.com", i)
			for try := 1; ; try++ { // a code whose answer was lost is spent
				page, err := b.hosts[0].AuthorizationURL(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				_, err = open(
					t,
					conn+";User="+login+";OAuthVerifier='"+consents(t, n, login, page.URL)+"'",
					opts,
				).Login(t.Context())
				if err == nil {
					break
				}
				if try == 3 || !errors.Is(err, sso.ErrUnreachable) {
					t.Fatal(err)
				}
			}
			b.consented, b.active, b.stopped = time.Now(), time.Now(), ""
		}
		bots := make([]*simulatedBot, identities)
		every := []time.Duration{
			day,
			2 * day,
			5 * day,
			10 * day,
			20 * day,
			40 * day,
			60 * day,
			80 * day,
			89 * day,
			95 * day,
		}
		for i := range bots {
			login := fmt.Sprintf("bot%d@example.com", i)
			c.AddUser(login, "secret")
			b := &simulatedBot{every: every[i%len(every)]}
			for h := range b.hosts {
				b.hosts[h] = open(t, conn+";User="+login, opts)
			}
			consent(i, b)
			bots[i] = b
		}
		var lost, away, refused int
		loseEvery, sent := 40, 0
		n.Intercept(func(host string, r *http.Request) http.Handler {
			at := time.Since(began)
			switch {
			case host != cloud.AuthHost || r.URL.Path != "/oauth/token": // a person tries a page again
				return nil
			case at%(30*day) < 6*time.Hour && at > day:
				away++
				return http.HandlerFunc(
					func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
				)
			}
			if sent++; sent%loseEvery != 0 {
				return nil
			}
			lost++
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { // done, and the answer is lost
				c.Auth.ServeHTTP(httptest.NewRecorder(), r)
				panic(http.ErrAbortHandler)
			})
		})
		for hour := 1; hour <= 400*24; hour++ {
			time.Sleep(time.Hour)
			switch hour {
			case 60 * 24:
				c.Auth.SetClock(2 * time.Hour)
			case 120 * 24:
				c.Auth.SetClock(-45 * time.Minute)
			case 180 * 24:
				c.Auth.SetClock(0)
			}
			for i, b := range bots {
				if hour == 200*24+12 && i%20 < 10 {
					consent(i, b) // a person consents anew, in time or not
				}
				if (time.Since(began)+time.Duration(i)*7*time.Hour)%b.every < time.Hour {
					b.use(t, i, &refused)
				}
			}
		}
		counts := map[string]int{}
		for i, b := range bots {
			counts[b.state(t, i)]++
		}
		for name, times := range c.Auth.Presented() {
			if times > 1 && strings.HasPrefix(name, "refresh") {
				counts["tokens presented twice"]++
			}
		}
		if twice := counts["tokens presented twice"]; twice > lost {
			t.Errorf("%d refresh tokens were presented twice, and %d answers were lost", twice, lost)
		}
		t.Logf(
			"%d identities, 400 days: %d alive, %d after 90 days without use, %d after 365 days; %d refreshes, %d answers lost and asked for again, %d requests during outages, %d calls ended for a person",
			identities,
			counts["alive"],
			counts["idle"],
			counts["year"],
			c.Auth.Count(oauth.GrantRefresh, "ok"),
			lost,
			away,
			refused,
		)
	})
}

// use is one call of a bot, on one of its hosts.
func (b *simulatedBot) use(t *testing.T, i int, refused *int) {
	b.uses++
	_, err := b.hosts[b.uses%2].Token(t.Context(), 0)
	switch {
	case err == nil && b.stopped != "":
		t.Errorf("bot %d lives again without a person", i)
	case err == nil:
		b.active = time.Now()
	case errors.Is(err, sso.ErrPassCodeNeeded):
		*refused++
		if b.stopped == "" {
			b.stopped = "idle"
			if time.Since(b.consented) > 364*day {
				b.stopped = "year"
			} else if time.Since(b.active) < 89*day {
				t.Errorf(
					"bot %d stopped after %s, used %s ago: %v",
					i,
					time.Since(b.consented),
					time.Since(b.active),
					err,
				)
			}
		}
	case !errors.Is(err, sso.ErrUnreachable):
		t.Errorf("bot %d: %v", i, err)
	}
}

// state is how the year has ended for a bot.
func (b *simulatedBot) state(t *testing.T, i int) string {
	if b.stopped == "" {
		if idle := time.Since(b.active); idle > 90*day {
			if b.every < 60*day {
				t.Errorf("bot %d was not used for %s", i, idle)
			}
			return "idle" // its call fell into an outage, and the next one will find out
		}
		return "alive"
	}
	return b.stopped
}
