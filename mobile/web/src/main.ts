import { mount } from "svelte";
import "./components/colours.css";
import "./app.css";
import "./components/paper.css";
import App from "./App.svelte";

// An invitation whose "#" was encoded by a program that passed it on.
const encoded = /^\/%23\/?(join=.*)$/.exec(location.pathname);
if (encoded) history.replaceState(null, "", `/#${encoded[1]}`);

const place = document.getElementById("pages");
if (place) mount(App, { target: place });
