"""How both engines are told what is asked: conditions and values in their SQL."""
