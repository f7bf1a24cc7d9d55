// The manual: its pages are whole when they come; only the theme is chosen here.
import { theme } from "./theme.js";

theme(document.getElementById("theme"));
