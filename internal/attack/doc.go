// Package attack holds tests only: the built command, with bounded memory and a
// deadline, against servers that mean harm.
//
// The tests of each package show that its readers are bounded. Here is shown what
// that is for: whatever a server sends, the process ends in time, within its memory,
// with an exit code that says what happened. The race detector, which would see nothing
// of another process, leaves them out.
package attack
