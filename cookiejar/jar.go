package cookiejar

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	stdjar "net/http/cookiejar"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/publicsuffix"
)

// Jar is an http.CookieJar that can be listed, exported and restored. It is safe
// for concurrent use; make one with [New].
//
// Which cookie belongs to which request is decided by net/http/cookiejar. That jar
// holds a number in place of each value, and the number leads to the record here,
// with the value as the server wrote it and the attributes that the standard jar
// does not give back. Matching, shadowing, expiry and the rules for domains are
// thus the standard library's, with the public suffix list of x/net.
//
// A Jar keeps at most [MaxPerHost] cookies of one domain, and [MaxCookies] or [MaxBytes]
// in all, and drops the oldest beyond that. A cookie that is longer than [MaxPair], or has
// control characters, or lacks what its name promises (__Secure-, __Host-), is not taken.
type Jar struct {
	mu      sync.Mutex
	match   *stdjar.Jar
	byID    map[id]*record
	byToken map[string]*record
	bytes   int // of the cookies in byToken
	serial  uint64
	last    time.Time // Created of the latest cookie; see moment
}

// id is what makes two cookies the same, RFC 6265 section 5.3 step 11.
type id struct{ domain, path, name string }

type record struct {
	Cookie
	token   string
	expires time.Time // as exactly as the matching jar has it
}

func (r *record) size() int { return len(r.Name) + len(r.Value) + len(r.Domain) + len(r.Path) }

func (r *record) id() id { return id{r.Domain, r.Path, r.Name} }

func (r *record) dead(now time.Time) bool { return !r.expires.IsZero() && !r.expires.After(now) }

// New returns an empty jar.
func New() *Jar {
	j := &Jar{}
	j.reset()
	return j
}

func (j *Jar) reset() {
	j.match, _ = stdjar.New(&stdjar.Options{PublicSuffixList: publicsuffix.List}) // its error is always nil
	j.byID, j.byToken, j.bytes = make(map[id]*record), make(map[string]*record), 0
}

// String says how many cookies there are, and nothing of them.
func (j *Jar) String() string { return fmt.Sprintf("cookie jar with %d cookies", len(j.All())) }

// Format implements fmt.Formatter, so that no verb shows a value.
func (j *Jar) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, j.String()) }

// LogValue implements slog.LogValuer without the values.
func (j *Jar) LogValue() slog.Value { return slog.StringValue(j.String()) }

// SetCookies implements http.CookieJar. What reaches it through an http.Client has
// lost the cookies that net/http could not parse; see [Jar.Receive].
func (j *Jar) SetCookies(u *url.URL, cs []*http.Cookie) {
	for _, c := range cs[:min(len(cs), MaxPerAnswer)] {
		if c != nil {
			j.receive(u, fromHTTP(c))
		}
	}
}

// Receive takes over the Set-Cookie lines of an answer from u, in order, at most
// [MaxPerAnswer] of them. Values are kept as they are, inner quotes included. An
// Expires is a time by the server's clock: where Date tells that it differs from ours,
// it is read as a time from now.
func (j *Jar) Receive(u *url.URL, h http.Header) {
	behind, lines := behind(h), h["Set-Cookie"]
	for _, line := range lines[:min(len(lines), MaxPerAnswer)] {
		if r, ok := parseSetCookie(line); ok {
			if !r.expires.IsZero() {
				r.expires = r.expires.Add(behind)
			}
			j.receive(u, r)
		}
	}
}

// behind returns how far the clock of the server that has just answered is behind ours,
// 0 where it is less than a minute, or not told, or told by a cache.
func behind(h http.Header) time.Duration {
	date, err := http.ParseTime(h.Get("Date"))
	if d := time.Since(date); err == nil && h.Get("Age") == "" && d.Abs() > time.Minute {
		return d
	}
	return 0
}

// Cookies implements http.CookieJar. Request.AddCookie drops the bytes that
// net/http deems wrong in a value; [Jar.Header] has the values as they are.
func (j *Jar) Cookies(u *url.URL) []*http.Cookie {
	var out []*http.Cookie
	for _, c := range j.For(u) {
		out = append(out, c.httpCookie())
	}
	return out
}

// Header returns the Cookie header for a request to u, without the header's name,
// and "" if there is nothing to send. Longer paths come first, and older cookies
// before younger ones (RFC 6265 section 5.4).
func (j *Jar) Header(u *url.URL) string { return headerValue(j.For(u)) }

// For returns the cookies that [Jar.Header] sends to u, in that order.
func (j *Jar) For(u *url.URL) []Cookie {
	target, ok := canonicalURL(u)
	if !ok {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []Cookie
	for _, c := range j.match.Cookies(target) {
		if r := j.byToken[c.Value]; r != nil {
			out = append(out, r.Cookie)
		}
	}
	// A restored cookie is older than the matching jar knows.
	slices.SortStableFunc(out, func(a, b Cookie) int {
		return cmp.Or(cmp.Compare(len(b.Path), len(a.Path)), a.Created.Compare(b.Created))
	})
	return out
}

// All returns the cookies that have not expired, ordered by domain, path and name.
func (j *Jar) All() []Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.bury(time.Now())
	out := make([]Cookie, 0, len(j.byID))
	for _, r := range j.byID {
		out = append(out, r.Cookie)
	}
	slices.SortFunc(out, func(a, b Cookie) int {
		return cmp.Or(cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// Add puts cookies back that came out of [Jar.All], or were read from a file. Those
// that have expired or are malformed are dropped; those without Created count as
// made now, in the order given.
func (j *Jar) Add(cs ...Cookie) {
	now := time.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range cs {
		c, err := check(c)
		if err != nil || c.expired(now) {
			continue
		}
		if c.Created.IsZero() {
			c.Created = j.moment()
		}
		r := received{
			name: c.Name, value: c.Value, path: c.Path, expires: c.Expires,
			secure: c.Secure, httpOnly: c.HttpOnly, sameSite: c.SameSite,
		}
		if !c.HostOnly {
			r.domain = c.Domain
		}
		j.set(&url.URL{Scheme: "https", Host: c.Domain, Path: "/"}, r, now, c.Created)
	}
}

// Remove drops the cookies that match, and returns how many there were. match must
// not use the jar.
func (j *Jar) Remove(match func(Cookie) bool) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.bury(time.Now())
	n := 0
	for _, r := range j.byID {
		if match(r.Cookie) {
			j.drop(r)
			n++
		}
	}
	return n
}

// Clear drops all cookies.
func (j *Jar) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.reset()
}

func (j *Jar) receive(u *url.URL, r received) {
	target, ok := canonicalURL(u)
	if !ok {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.set(target, r, time.Now(), j.moment())
}

// moment returns the time, and never the same twice: the order of creation decides
// the order of sending, and a clock may be coarser than an answer has cookies.
func (j *Jar) moment() time.Time {
	now := time.Now().Round(0)
	if !now.After(j.last) {
		now = j.last.Add(time.Nanosecond)
	}
	j.last = now
	return now
}

// set offers a cookie to the matching jar and records it if that jar took it.
func (j *Jar) set(u *url.URL, r received, now, created time.Time) {
	said := r.path // "__Host-" needs a path that was said
	if !strings.HasPrefix(r.path, "/") {
		r.path = defaultPath(u.Path)
	}
	c, err := check(Cookie{
		Name: r.name, Value: r.value, Domain: domainOf(u, r.domain), Path: r.path,
		Secure: r.secure, HttpOnly: r.httpOnly, SameSite: r.sameSite, Created: created,
	})
	promised := Cookie{Name: c.Name, Secure: c.Secure && secureOrigin(u), HostOnly: r.domain == "", Path: said}
	if err != nil || !keepsPrefix(promised) {
		return
	}
	rec := &record{Cookie: c, token: strconv.FormatUint(j.serial, 36), expires: r.expires}
	j.serial++
	if r.maxAge > 0 {
		rec.expires = now.Add(time.Duration(r.maxAge) * time.Second)
	}
	rec.Expires = canonicalExpires(rec.expires)

	j.match.SetCookies(u, []*http.Cookie{{
		Name: c.Name, Value: rec.token, Domain: r.domain, Path: c.Path,
		Expires: rec.expires, MaxAge: min(r.maxAge, 0), Secure: r.secure,
	}})
	old := j.byID[rec.id()]
	if old != nil && !j.holds(old) {
		j.forget(old)
	}
	if !j.holds(rec) {
		return // refused, or a removal
	}
	if old != nil && old.Created.Before(rec.Created) {
		rec.Created = old.Created
	}
	rec.HostOnly = !j.sends(rec, "sub."+rec.Domain)
	j.byID[rec.id()], j.byToken[rec.token] = rec, rec
	j.bytes += rec.size()
	j.limit(rec, now)
}

// holds reports whether the matching jar still has the record.
func (j *Jar) holds(r *record) bool { return j.sends(r, r.Domain) }

func (j *Jar) sends(r *record, host string) bool {
	u := &url.URL{Scheme: "https", Host: host, Path: r.Path}
	return slices.ContainsFunc(j.match.Cookies(u), func(c *http.Cookie) bool { return c.Value == r.token })
}

// limit keeps the jar within its bounds after r has come in.
func (j *Jar) limit(r *record, now time.Time) {
	if j.count(r.Domain) <= MaxPerHost && len(j.byID) <= MaxCookies && j.bytes <= MaxBytes {
		return
	}
	j.bury(now)
	for j.count(r.Domain) > MaxPerHost {
		j.drop(j.oldest(r.Domain))
	}
	for len(j.byID) > MaxCookies || j.bytes > MaxBytes {
		j.drop(j.oldest(""))
	}
}

func (j *Jar) count(domain string) int {
	n := 0
	for k := range j.byID {
		if k.domain == domain {
			n++
		}
	}
	return n
}

// oldest returns the oldest record of domain, or of all if domain is empty.
func (j *Jar) oldest(domain string) *record {
	var found *record
	for _, r := range j.byID {
		if (domain == "" || r.Domain == domain) && (found == nil || r.olderThan(found)) {
			found = r
		}
	}
	return found
}

func (r *record) olderThan(s *record) bool {
	if c := r.Created.Compare(s.Created); c != 0 {
		return c < 0
	}
	// Restored cookies may be of the same age; tokens count upwards.
	return cmp.Or(cmp.Compare(len(r.token), len(s.token)), cmp.Compare(r.token, s.token)) < 0
}

// bury forgets what has expired; the matching jar does so by itself.
func (j *Jar) bury(now time.Time) {
	for _, r := range j.byID {
		if r.dead(now) {
			j.forget(r)
		}
	}
}

// drop removes a live record from both jars.
func (j *Jar) drop(r *record) {
	u := &url.URL{Scheme: "https", Host: r.Domain, Path: "/"}
	j.match.SetCookies(u, []*http.Cookie{{Name: r.Name, Path: r.Path, MaxAge: -1}})
	j.forget(r)
}

func (j *Jar) forget(r *record) {
	if _, known := j.byToken[r.token]; known {
		delete(j.byToken, r.token)
		j.bytes -= r.size()
	}
	if j.byID[r.id()] == r {
		delete(j.byID, r.id())
	}
}

// canonicalURL reduces u to what cookies depend on: scheme, host without port and
// brackets, path. It refuses what is not http or https.
func canonicalURL(u *url.URL) (*url.URL, bool) {
	if u == nil || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, false
	}
	host := asciiHost(strings.TrimSuffix(u.Hostname(), "."))
	if !validDomain(host) {
		return nil, false
	}
	return &url.URL{Scheme: u.Scheme, Host: host, Path: u.Path}, true
}

// secureOrigin reports whether a cookie from u can be secure: what came without TLS was
// not protected on its way, unless it never left this machine.
func secureOrigin(u *url.URL) bool {
	return u.Scheme == "https" || u.Host == "localhost" || strings.HasSuffix(u.Host, ".localhost") ||
		net.ParseIP(u.Host).IsLoopback()
}

// domainOf is the domain that a cookie from u gets, if it is accepted.
func domainOf(u *url.URL, attribute string) string {
	if attribute == "" {
		return u.Host
	}
	return strings.ToLower(strings.TrimPrefix(attribute, "."))
}

// defaultPath implements RFC 6265 section 5.1.4.
func defaultPath(path string) string {
	i := strings.LastIndexByte(path, '/')
	if i <= 0 || path[0] != '/' {
		return "/"
	}
	return path[:i]
}
