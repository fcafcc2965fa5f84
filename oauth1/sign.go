package oauth1

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// maxForm bounds a form body that is part of a signature, in bytes.
const maxForm = 10 << 20

// param is one name and value that the signature covers. Names may repeat.
type param struct{ name, value string }

// Sign adds the Authorization header for token to r; "" makes a two-legged request. The
// signature covers method, address, query and a form body (Content-Type
// application/x-www-form-urlencoded), which is read and put back; any other body is not covered
// (RFC 5849, section 3.4.1.3.1). A signature is good for one request: sign each retry anew.
func (c *Client) Sign(r *http.Request, token string) error {
	return c.sign(r, param{"oauth_token", token})
}

// sign signs r with further protocol parameters.
func (c *Client) sign(r *http.Request, more ...param) error {
	oauth := append([]param{
		{"oauth_consumer_key", c.ConsumerKey},
		{"oauth_nonce", rand.Text()},
		{"oauth_signature_method", "RSA-SHA1"},
		{"oauth_timestamp", strconv.FormatInt(c.now().Unix(), 10)},
		{"oauth_version", "1.0"},
	}, more...)
	form, err := formParams(r)
	if err != nil {
		return err
	}
	query, err := parseParams(r.URL.RawQuery)
	if err != nil {
		return errParams("query")
	}
	signature, err := c.signature(baseString(r, slices.Concat(oauth, query, form)))
	if err != nil {
		return err
	}
	oauth = append(oauth, param{"oauth_signature", signature})
	var header strings.Builder
	header.WriteString("OAuth ")
	for i, p := range oauth {
		if i > 0 {
			header.WriteString(", ")
		}
		fmt.Fprintf(&header, "%s=\"%s\"", encode(p.name), encode(p.value))
	}
	r.Header.Set("Authorization", header.String())
	return nil
}

// signature is RSASSA-PKCS1-v1_5 with SHA-1 (RFC 5849, section 3.4.3).
func (c *Client) signature(base string) (string, error) {
	if c.Key == nil {
		return "", autherr.New(autherr.ErrConfig, "oauth1: no private key is given", "")
	}
	digest := sha1.Sum([]byte(base))
	signature, err := rsa.SignPKCS1v15(nil, c.Key, crypto.SHA1, digest[:])
	if err != nil {
		return "", autherr.New(autherr.ErrConfig, "oauth1: the private key cannot sign with RSA-SHA1",
			"use an RSA key of 2048 bits (1024 at least); in FIPS mode SHA-1 signatures are not allowed")
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// baseString is what is signed (RFC 5849, section 3.4.1).
func baseString(r *http.Request, params []param) string {
	encoded := make([]param, len(params))
	for i, p := range params {
		encoded[i] = param{encode(p.name), encode(p.value)}
	}
	slices.SortFunc(encoded, func(a, b param) int {
		if n := strings.Compare(a.name, b.name); n != 0 {
			return n
		}
		return strings.Compare(a.value, b.value)
	})
	pairs := make([]string, len(encoded))
	for i, p := range encoded {
		pairs[i] = p.name + "=" + p.value
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	return strings.ToUpper(method) + "&" + encode(baseURI(r)) + "&" + encode(strings.Join(pairs, "&"))
}

// baseURI is the request's address as the server sees it, without its query (RFC 5849, section
// 3.4.1.2).
func baseURI(r *http.Request) string {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	scheme, host := strings.ToLower(r.URL.Scheme), strings.ToLower(host)
	if scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	} else if scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	}
	path := r.URL.EscapedPath()
	if !strings.HasPrefix(path, "/") { // empty, or made by JoinPath on an address without a path
		path = "/" + path
	}
	return scheme + "://" + host + path
}

// formParams returns the parameters of a form body, which stays readable.
func formParams(r *http.Request) ([]param, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" || r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	r.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("oauth1: reading the form that is to be signed: %w", err)
	}
	if len(body) > maxForm {
		return nil, autherr.New(autherr.ErrConfig, "oauth1: a form of more than 10 MiB cannot be signed", "send it as multipart/form-data")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	params, err := parseParams(string(body))
	if err != nil {
		return nil, errParams("form")
	}
	return params, nil
}

func errParams(where string) error {
	return autherr.New(autherr.ErrConfig, "oauth1: the "+where+" is not well-formed and cannot be signed", "percent-encode it")
}

// parseParams decodes application/x-www-form-urlencoded text in its order: url.ParseQuery would
// lose the order of repeated names, which does not matter, and refuse semicolons, which does.
func parseParams(text string) ([]param, error) {
	var params []param
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, err
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, err
		}
		params = append(params, param{name, value})
	}
	return params, nil
}

// encode is the percent-encoding of RFC 5849, section 3.6: all but the unreserved characters.
func encode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

// now is the server's time, as far as its Date headers have told.
func (c *Client) now() time.Time { return time.Now().Add(time.Duration(c.skew.Load())) }
