from .app import Workbench as Workbench
from .links import current_folder as current_folder
from .links import here as here
from .links import login_url as login_url
