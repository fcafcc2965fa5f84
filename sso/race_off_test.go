//go:build !race

package sso_test

const raceDetector = false
