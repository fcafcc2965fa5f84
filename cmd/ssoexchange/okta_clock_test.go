package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

var jsonTime = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"`)

// otherClock sets the organisation's clock ahead of this computer's by d.
func (r *oktaRig) otherClock(d time.Duration) {
	host, _, _ := strings.Cut(r.org.Host(), ":")
	r.Net.Rewrite(func(a *fixtures.Answer) {
		if a.Host != host {
			return
		}
		a.Header.Set("Date", time.Now().Add(d).UTC().Format(http.TimeFormat))
		a.Body = jsonTime.ReplaceAllStringFunc(a.Body, func(at string) string {
			t, err := time.Parse(`"`+time.RFC3339+`"`, at)
			if err != nil {
				r.Error(err)
			}
			return t.Add(d).Format(`"` + time.RFC3339Nano + `"`)
		})
	})
}

// The flow of two runs ends, whatever this computer's clock says: runs without the code
// end with status 4 and neither post the password again nor send another message.
func TestOktaTwoRunsWithAnotherClock(t *testing.T) {
	for _, ahead := range []time.Duration{-5 * time.Minute, 5 * time.Minute, -time.Hour, time.Hour, -2 * 365 * 24 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			onBothEngines(t, "sms", func(r *oktaRig) {
				r.otherClock(ahead)
				for range 3 {
					r.want(r.cookies(), 4, "a code was sent")
					time.Sleep(time.Minute)
				}
				r.tried(1, 1)
				r.want(r.cookies("MFAPassCode="+r.code()), 0, "")
				r.tried(1, 1)
			})
		})
	}
}
