package sanitize

// Error makes an error fit to be shown to whoever called. One whose text is fit already stays as it
// is, for Lambda tells the name of its type as well.
func Error(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if fit := Text(text); fit != text {
		return &shown{fit, err}
	}
	return err
}

// shown is an error by a text that is fit.
type shown struct {
	text string
	err  error
}

func (s *shown) Error() string { return s.text }
func (s *shown) Unwrap() error { return s.err }
