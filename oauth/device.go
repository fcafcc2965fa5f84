package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// Device is a device authorization that waits for a person (RFC 8628, section 3.2).
type Device struct {
	UserCode string    // what the person types
	URL      string    // where
	Complete string    // the same with the code in it; may be ""
	Expires  time.Time // when the code ends

	code     string
	interval time.Duration
}

// String shows the address and the person's code, and not the device's.
func (d Device) String() string { return fmt.Sprintf("oauth.Device(%s at %s)", d.UserCode, d.URL) }

// Format prints String for every verb.
func (d Device) Format(f fmt.State, _ rune) { io.WriteString(f, d.String()) }

const (
	defaultInterval = 5 * time.Second // RFC 8628, section 3.2
	minInterval     = time.Second
	maxInterval     = time.Minute
	slowDown        = 5 * time.Second // RFC 8628, section 3.5
	maxDeviceLife   = time.Hour
)

// Device begins a device authorization. Show UserCode and URL to a person, then call AwaitDevice.
func (c *Client) Device(ctx context.Context) (*Device, error) {
	if c.Provider.DeviceURL == "" {
		return nil, autherr.AtStep(autherr.StepConfig, autherr.New(autherr.ErrConfig, "oauth: "+c.Provider.Name+" offers no device authorization", "use another AuthScheme"))
	}
	p := params{"client_id": c.ClientID}
	p.set("scope", strings.Join(c.Scopes, " "))
	a, err := c.post(ctx, autherr.StepStart, c.Provider.DeviceURL, p)
	if err != nil {
		return nil, err
	}
	if a.Status != http.StatusOK {
		return nil, autherr.AtStep(autherr.StepStart, answerError("device", p, a))
	}
	d, err := readDevice(a, time.Now())
	return d, autherr.AtStep(autherr.StepStart, err)
}

func readDevice(a *httpclient.Response, now time.Time) (*Device, error) {
	var body struct {
		Code     string  `json:"device_code"`
		User     string  `json:"user_code"`
		URL      string  `json:"verification_uri"`
		OldURL   string  `json:"verification_url"` // Google's name
		Complete string  `json:"verification_uri_complete"`
		Expires  float64 `json:"expires_in"`
		Interval float64 `json:"interval"`
	}
	bad := autherr.New(autherr.ErrBadAnswer, "oauth: the device endpoint's answer cannot be understood", "")
	if json.Unmarshal(a.Body, &body) != nil || body.Code == "" {
		return nil, bad
	}
	if body.URL == "" {
		body.URL = body.OldURL
	}
	d := &Device{UserCode: clean(body.User), URL: shown(body.URL), Complete: shown(body.Complete), code: body.Code, interval: defaultInterval}
	if d.URL == "" || d.UserCode == "" {
		return nil, bad
	}
	if body.Interval > 0 {
		d.interval = seconds(body.Interval, minInterval, maxInterval)
	}
	d.Expires = now.Add(seconds(body.Expires, 0, maxDeviceLife))
	return d, nil
}

// seconds is n seconds within bounds, however many they are.
func seconds(n float64, least, most time.Duration) time.Duration {
	return time.Duration(min(max(n, least.Seconds()), most.Seconds()) * float64(time.Second))
}

// shown returns an address that may be shown to a person to open, "" if it must not be.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil || address == "" || len(address) > 2048 || strings.ContainsFunc(address, notASCII) ||
		httpclient.CheckURL(u) != nil || u.User != nil {
		return ""
	}
	return u.String()
}

// notASCII reports what an address does not need: among it are characters that steer a terminal.
func notASCII(r rune) bool { return r > '~' }

// AwaitDevice polls until the person has decided, the code has expired or ctx ends. A poll that got
// no answer is made again, later each time: a poll spends nothing.
func (c *Client) AwaitDevice(ctx context.Context, d *Device) (*Token, error) {
	p := params{"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": d.code, "client_id": c.ClientID}
	interval := d.interval
	timer := time.NewTimer(interval)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, autherr.AtStep(autherr.StepLogin, context.Cause(ctx))
		}
		t, err := c.token(ctx, p)
		var refused *Error
		switch {
		case err == nil:
			return t, nil
		case ctx.Err() != nil:
			return nil, autherr.AtStep(autherr.StepLogin, context.Cause(ctx))
		case errors.As(err, &refused) && refused.Code == "authorization_pending":
		case errors.As(err, &refused) && refused.Code == "slow_down":
			interval = min(maxInterval, interval+slowDown)
		case errors.Is(err, autherr.ErrUnreachable), errors.Is(err, autherr.ErrRateLimited):
			interval = min(maxInterval, 2*interval)
		default:
			return nil, err
		}
		if !time.Now().Before(d.Expires) {
			return nil, autherr.AtStep(autherr.StepLogin, &Error{Endpoint: "token", Grant: p["grant_type"], Code: "expired_token"})
		}
		timer.Reset(interval)
	}
}
