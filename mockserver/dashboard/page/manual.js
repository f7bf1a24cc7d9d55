// The theme of the manual. The server renders its pages.
import { theme } from "./theme.js";

theme(document.getElementById("theme"));
