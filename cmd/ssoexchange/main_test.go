package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
)

func TestMain(m *testing.M) {
	// The settings of whoever runs the tests stay out of them; not so when this very
	// program runs as the command of a script.
	if strings.Contains(filepath.Base(os.Args[0]), ".test") {
		for _, entry := range os.Environ() {
			name, _, _ := strings.Cut(entry, "=")
			if strings.HasSuffix(strings.ToUpper(name), "_PROXY") || strings.HasPrefix(name, "SSOEXCHANGE_") {
				os.Unsetenv(name)
			}
		}
	}
	testscript.Main(testscale.Main{M: m}, map[string]func(){"ssoexchange": main, "consent": consentMain})
}

// TestScripts runs the program against simulated servers on loopback, one set of
// servers for each script. A script finds in its environment:
//
//	OKTA, CROWD   connection strings without a user: append User=…;Password=…
//	PASSWORD      the password of every simulated user
//	KEYCLOAK      connection string of a simulated Keycloak, likewise
//	JIRA, CA      Jira's base URL, the file of the simulators' CA
//
// and operates the servers with the commands in worldCommands.
func TestScripts(t *testing.T) {
	if files, _ := filepath.Glob("testdata/script/*.txtar"); len(files) == 0 {
		t.Fatal("no scripts found")
	}
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: setupScript,
		Cmds:  worldCommands,
		Condition: func(name string) (bool, error) {
			if name == "race" {
				return testscale.Race, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
	})
}

type worldKey struct{}

// otherJiras are further names at which Jira answers: to its clients, other Jiras.
var otherJiras = []string{"jira-2.localhost", "jira-3.localhost", "jira-4.localhost"}

func setupScript(env *testscript.Env) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	w := fixtures.NewWorld(fixtures.WorldOptions{
		OktaHost: "okta.localhost:" + port, CrowdHost: "crowd.localhost:" + port, JiraHost: "jira.localhost:" + port,
	})
	for _, name := range otherJiras {
		w.Net.Handle(name+":"+port, w.Jira)
	}
	server := w.Net.Serve(ln)
	env.Defer(func() {
		server.Close()
		w.Net.Close()
	})
	ca, err := w.Net.CAFile(env.WorkDir)
	if err != nil {
		return err
	}
	env.Values[worldKey{}] = w
	env.Values[redisKey{}] = simulatedRedis(env)
	setupLoginForm(env, w, "keycloak.localhost:"+port, ca)
	okta, crowd := w.Okta.AppLink(), w.Crowd.SSOURL()
	env.Setenv("OKTA", fmt.Sprintf("AuthScheme=Okta;URL=%s;SSOLoginURL=%s;SSOExchangeURL=%s;SSLServerCert=%s;", w.Jira.BaseURL(), okta, w.Jira.ACS(), ca))
	env.Setenv("CROWD", fmt.Sprintf("AuthScheme=Crowd;URL=%s;SSOLoginURL=%s;SSOExchangeURL=%s;SSLServerCert=%s;SSOAppName=%s;SSOAppPassword=%s;",
		w.Jira.BaseURL(), crowd, w.Jira.ACS(), ca, w.AppName, w.AppPassword))
	env.Setenv("PASSWORD", w.Password)
	env.Setenv("SEED", w.Okta.TOTPSecret("totp@example.com"))
	env.Setenv("JIRA", w.Jira.BaseURL())
	env.Setenv("JIRAHOST", "jira.localhost:"+port)
	env.Setenv("PORT", port)
	env.Setenv("CA", ca)
	env.Setenv("SSOEXCHANGE_STATE_DIR", filepath.Join(env.WorkDir, "state"))
	env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "config"))
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent") // no keyring of whoever runs the tests
	return nil
}

var worldCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"count":      countRequests,
	"idp":        operateLoginForm,
	"code":       putCode,
	"end":        endSessions,
	"push":       answerPush,
	"reset":      func(ts *testscript.TestScript, _ bool, _ []string) { world(ts).Net.Reset() },
	"leaks":      findLeaks,
	"redis":      operateRedis,
	"hang":       hangLogin,
	"await":      awaitText,
	"fetch":      fetchSocket,
	"hook":       startHook,
	"notify":     startNotify,
	"answer":     answerRequests,
	"echo":       echoRequests,
	"okta":       operateOkta,
	"oktaanswer": answerOkta,
	"password": func(ts *testscript.TestScript, _ bool, args []string) {
		world(ts).Okta.SetPassword(args[0], args[1])
	},
}

func world(ts *testscript.TestScript) *fixtures.World { return ts.Value(worldKey{}).(*fixtures.World) }

// countRequests checks how many requests a server has got: count N okta|crowd|jira [METHOD [PATH]].
func countRequests(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: count N SERVER [METHOD [PATH]]")
	}
	args = append(args, "", "")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	host := map[string]string{"okta": "okta.localhost", "crowd": "crowd.localhost", "jira": "jira.localhost"}[args[1]]
	got := 0
	for _, r := range world(ts).Net.Requests() {
		name, _, _ := strings.Cut(r.Host, ":")
		if name == host && (args[2] == "" || r.Method == args[2]) && strings.HasPrefix(r.Path, args[3]) {
			got++
		}
	}
	if (got == want) == neg {
		ts.Fatalf("%s got %d requests %s %s, wanted %d (not: %v)", args[1], got, args[2], args[3], want, neg)
	}
}

// putCode sets CODE to the newest code that the user can read: code sms|email|totp|question USER.
func putCode(ts *testscript.TestScript, _ bool, args []string) {
	w := world(ts)
	code := ""
	switch args[0] {
	case "sms":
		code = w.Okta.Phone(args[1]).LastCode()
	case "email":
		code = w.Okta.Mailbox(args[1]).LastCode()
	case "totp":
		code = w.Okta.Code(args[1], fixtures.FactorTOTP)
	case "question":
		code = w.Okta.Code(args[1], fixtures.FactorQuestion)
	default:
		ts.Fatalf("unknown kind %q", args[0])
	}
	if code == "" {
		ts.Fatalf("no code for %s", args[1])
	}
	ts.Setenv("CODE", code)
}

// endSessions ends all sessions of a server: end okta|crowd|jira.
func endSessions(ts *testscript.TestScript, _ bool, args []string) {
	w := world(ts)
	switch args[0] {
	case "okta":
		w.Okta.EndSessions(args[1])
	case "crowd":
		w.Crowd.EndSessions(args[1])
	case "jira":
		w.Jira.EndSessions(args[1])
	}
}

// answerPush answers the next push of a user in the background: push approve|deny USER.
func answerPush(ts *testscript.TestScript, _ bool, args []string) {
	phone := world(ts).Okta.Phone(args[1])
	go func() {
		for range 600 {
			if _, ok := phone.Pending(); ok {
				if args[0] == "approve" {
					phone.Approve()
				} else {
					phone.Deny()
				}
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
}

// findLeaks looks for every secret of the simulated servers in the files that are
// named, and for the stored state in clear.
func findLeaks(ts *testscript.TestScript, _ bool, args []string) {
	secrets := world(ts).Secrets()
	if len(secrets) < 3 {
		ts.Fatalf("only %d secrets known: nothing would be found", len(secrets))
	}
	for _, name := range args {
		text := ts.ReadFile(name)
		if text == "" {
			ts.Fatalf("%s is empty: nothing could be found in it", name)
		}
		for _, s := range secrets {
			if len(s) >= 4 && strings.Contains(text, s) {
				ts.Fatalf("a secret of %d bytes shows in %s", len(s), name)
			}
		}
	}
	filepath.WalkDir(filepath.Join(ts.Getenv("WORK"), "state"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		data, _ := os.ReadFile(path)
		for _, s := range secrets {
			if len(s) >= 8 && strings.Contains(string(data), s) {
				ts.Fatalf("a secret of %d bytes stands in clear in %s", len(s), path)
			}
		}
		return nil
	})
}
