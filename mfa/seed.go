package mfa

import (
	"encoding/base32"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Bounds of a seed. 80 bits is what authenticator apps are given at least; shorter
// than 64 is a code that was pasted by mistake.
const (
	maxSeedText  = 4 << 10
	minSeedBytes = 8
	maxPeriod    = 300 // seconds
)

// Seed is the secret behind an authenticator app's codes. It never prints itself.
type Seed struct {
	hidden
	secret string // base32 without padding
	period int64  // seconds
	digits otp.Digits
	algo   otp.Algorithm
}

// ParseSeed reads a seed as people paste it: base32, with spaces, hyphens, padding
// or in lower case, or the otpauth://totp/… address behind a QR code with its
// digits (6 to 8, default 6), period (seconds, at most 300, default 30) and
// algorithm (SHA1, SHA256 or SHA512, default SHA1).
//
// Errors do not quote s. The kind is a configuration error.
func ParseSeed(s string) (*Seed, error) {
	s = strings.TrimSpace(s)
	if len(s) > maxSeedText {
		return nil, badSeed("is longer than 4 KiB")
	}
	if len(s) >= len("otpauth:") && strings.EqualFold(s[:len("otpauth:")], "otpauth:") {
		return parseKeyURI(s)
	}
	return newSeed(s, 30, otp.DigitsSix, otp.AlgorithmSHA1)
}

// parseKeyURI reads the "Key URI Format" of Google Authenticator.
func parseKeyURI(s string) (*Seed, error) {
	key, err := otp.NewKeyFromURL(s)
	if err != nil {
		return nil, badSeed("is not a valid otpauth address")
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, badSeed("is not a valid otpauth address")
	}
	q := u.Query()
	if !strings.EqualFold(key.Type(), "totp") {
		return nil, badSeed("is for counted codes (hotp); only timed ones (totp) are supported")
	}
	if key.Encoder() != otp.EncoderDefault {
		return nil, badSeed("is for codes with letters, which are not supported")
	}
	// otp reads what it does not understand as the default.
	period, ok := number(q.Get("period"), 30)
	if !ok || period < 1 || period > maxPeriod {
		return nil, badSeed("has a period that is not between 1 and 300 seconds")
	}
	digits, ok := number(q.Get("digits"), 6)
	if !ok || digits < 6 || digits > 8 {
		return nil, badSeed("has a number of digits that is not 6, 7 or 8")
	}
	switch strings.ToUpper(q.Get("algorithm")) {
	case "", "SHA1", "SHA256", "SHA512":
	default:
		return nil, badSeed("has an algorithm that is not SHA1, SHA256 or SHA512")
	}
	return newSeed(key.Secret(), period, otp.Digits(digits), key.Algorithm())
}

func number(s string, absent int64) (int64, bool) {
	if s == "" {
		return absent, true
	}
	n, err := strconv.ParseInt(s, 10, 32)
	return n, err == nil
}

func newSeed(secret string, period int64, digits otp.Digits, algo otp.Algorithm) (*Seed, error) {
	secret = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' || r == '\u200b' {
			return -1
		}
		if 'a' <= r && r <= 'z' { // unicode.ToUpper would make an S of a long s
			return r - 'a' + 'A'
		}
		return r
	}, secret)
	secret = strings.TrimRight(secret, "=")
	encoding := base32.StdEncoding.WithPadding(base32.NoPadding)
	raw, err := encoding.DecodeString(secret)
	switch {
	case err != nil:
		return nil, badSeed("is not base32 (letters A to Z and digits 2 to 7)")
	case encoding.EncodedLen(len(raw)) != len(secret): // the decoder lets a last, lone character pass
		return nil, badSeed("is cut off or has a character too many")
	case len(raw) < minSeedBytes:
		return nil, badSeed("is too short")
	}
	return &Seed{hidden: "mfa.Seed", secret: encoding.EncodeToString(raw), period: period, digits: digits, algo: algo}, nil
}

func badSeed(what string) error {
	return autherr.New(autherr.ErrConfig, "mfa: TOTP secret "+what,
		"use the key that is shown beside the QR code when the app is set up, or the otpauth:// address in it, not a code")
}

// At returns the code for the time t and the number of the step that t is in, which
// counts periods since 1970. Two times in one step have the same code. RFC 6238
// section 4.
func (s *Seed) At(t time.Time) (code string, step int64) {
	code, err := totp.GenerateCodeCustom(s.secret, t, totp.ValidateOpts{
		Period: uint(s.period), Digits: s.digits, Algorithm: s.algo,
	})
	if err != nil {
		panic("mfa: Seed was not made by ParseSeed") // the secret was decoded there
	}
	return code, s.step(t)
}

// Step returns the length of a step.
func (s *Seed) Step() time.Duration { return time.Duration(s.period) * time.Second }

func (s *Seed) step(t time.Time) int64 {
	n := t.Unix()
	if n < 0 {
		n -= s.period - 1 // round towards the past, as At's code does
	}
	return n / s.period
}

// begin returns when a step begins.
func (s *Seed) begin(step int64) time.Time { return time.Unix(step*s.period, 0) }
