package filestore_test

import (
	"bytes"
	"testing"

	"github.com/ssoexchange/ssoexchange/filestore"
)

// session is as large as the record of an Okta identity with its cookies.
var session = bytes.Repeat([]byte("0123456789abcdef"), 256)

func BenchmarkLoad(b *testing.B) {
	s := open(b, stateDir(b), filestore.Options{})
	save(b, s, recordKey, session)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Load(b.Context(), recordKey); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSave(b *testing.B) {
	s := open(b, stateDir(b), filestore.Options{})
	lease, err := s.Acquire(b.Context(), recordKey)
	if err != nil {
		b.Fatal(err)
	}
	defer lease.Release()
	b.ReportAllocs()
	for b.Loop() {
		if err := lease.Save(b.Context(), session); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLease(b *testing.B) {
	s := open(b, stateDir(b), filestore.Options{})
	b.ReportAllocs()
	for b.Loop() {
		lease, err := s.Acquire(b.Context(), recordKey)
		if err != nil {
			b.Fatal(err)
		}
		lease.Release()
	}
}
