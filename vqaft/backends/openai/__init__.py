"""OpenAI and Azure OpenAI."""
