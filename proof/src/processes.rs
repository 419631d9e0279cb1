//! The services as processes of their own, to be killed and started again.
