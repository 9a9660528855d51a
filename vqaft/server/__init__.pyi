from .access import stored_key as stored_key
from .app import create_app as create_app
from .http.connections import HTTPServer as HTTPServer
from .local import LocalServer as LocalServer
from .local import require_extra as require_extra
from .serve import listen as listen
from .serve import serve as serve
from .store.state import State as State
