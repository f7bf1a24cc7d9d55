package fault

// signWith signs again with others in the place of the endpoint's secrets.
func (r *Request) signWith(other func(secret string) (string, error)) error {
	if err := r.signed(); err != nil {
		return err
	}
	wrong := make([]string, len(r.Secrets))
	for i, secret := range r.Secrets {
		var err error
		if wrong[i], err = other(secret); err != nil {
			return err
		}
	}
	message := r.unsigned.Clone()
	if err := r.scheme.Sign(&message, r.context, wrong...); err != nil {
		return err
	}
	r.Message = message
	return nil
}
